// Written by Scripts/word-lists.py from Web/words/*.txt: change those and run it again.

extension WordList {
    static func list(for language: LanguageCode) -> WordList? {
        switch language {
        case .french: self.french
        case .english: self.english
        case .dutch: self.dutch
        case .german: self.german
        default: nil
        }
    }

    private static let french = WordList(
        sha256: "34bd7e572f314db7f8b7a6fa30ae8c6b9284871e38da4d17232d5a52b7f2a04f",
        text: """
            abeille acajou accordéon aiguille ampoule ananas aquarium arbre armoire artichaut asperge assiette
            aubergine autobus autruche avocat baignoire balcon biberon billet biscuit bocal bougie boulanger
            bouteille bracelet branche brebis brouette bureau cabane cactus cadeau cafetière calendrier camion
            canapé capuche caramel cartable cascade castor cerise chaloupe chandelle chariot chaussure cheminée
            cheval chocolat cigale clairière clavier cloche coffre colline concombre confiture corbeille
            cornichon couverture cravate crêpe crocodile croissant cuillère cuisine dindon dinosaure domino
            dragon écharpe échelle écureuil éléphant encrier enveloppe épinard éponge escargot étagère étoile
            éventail fanfare fauteuil fenêtre ferme ficelle flamant fleur flocon fontaine fougère framboise
            fromage garage gazelle girafe glaçon glycine gorille gourde grelot griotte guirlande guitare hamac
            hamster hanneton hérisson horloge hortensia igloo immeuble jambon jasmin jongleur jonquille journal
            jumelles jungle kangourou kimono kiosque koala langouste lanterne lavande lessive libellule licorne
            lièvre limace limonade lutin magasin mandarine manège manteau marguerite marmite marron matelas
            mélodie mésange micro mimosa montagne mosaïque mouchoir moulin myrtille navire nectarine nénuphar
            noisette nougat nuage numéro oasis océan ombrelle opéra orchidée oreiller oursin palmier panda
            pantalon papillon parapluie parfum pastèque patate peinture pélican pelote perroquet persil piano
            pigeon pingouin pirogue pistache pivoine placard planète poivre pompier poney portail potager prune
            puzzle pyjama ravioli réglisse renard requin réveil rhubarbe rivière robinet rocher rossignol ruban
            ruisseau safran salade salière sapin sardine saumon scarabée sésame sifflet soleil statue stylo
            sucre tableau tabouret taxi téléphone théière tilleul tiroir toboggan tomate tonneau tortue toucan
            tournesol tracteur trèfle triangle tricot trompette trottoir truite tulipe turbine vallée vanille
            vapeur velours verger village vinaigre violon vitrine voiture volcan yaourt zeste zigzag
            """)

    private static let english = WordList(
        sha256: "bccf160b7e87990a0de6e8b45b455df01754f05d72592ada6e809ccd9364a56a",
        text: """
            acorn almond alphabet apricot apron aquarium artist atlas autumn avocado badger bagel balcony banana
            bathtub bedroom bicycle blanket blossom blueberry bonnet boulder bracelet branch breakfast brick
            broccoli brother buffalo button cabbage cactus camera campfire captain caramel cardigan carpet
            cathedral chalk champion chestnut chicken chimney chocolate cinema circus clarinet clover coconut
            column compass coral cradle crayon cricket crocodile crystal cucumber cushion daffodil dancer denim
            desert diamond dolphin domino donkey dragon drawer duckling eggplant elephant elevator emerald
            engine envelope escalator evening farmer fence firefly fisherman flamingo flannel flute forest
            fountain freckle frisbee galaxy gallery garlic gazelle geyser ginger giraffe glacier goggles
            goldfish gorilla grape gravel hamburger hammock hamster handle hazelnut hedgehog holiday hopscotch
            horizon hotel husky iceberg island ivory jacket jaguar jasmine jigsaw jungle juniper kangaroo kayak
            ketchup keyboard kimono kingdom ladybug lantern laundry lavender lemon lettuce library lizard
            lobster lollipop luggage magnet mailbox mandolin mango marble marmalade melody meteor milkshake
            mosaic muffin museum mustard necklace noodle notebook nutmeg oatmeal octopus olive omelet onion
            opera orchid ostrich painter pajamas pancake papaya parasol parrot parsley passport peanut pelican
            penguin perfume piano picnic pigeon pineapple platform plumber popcorn porridge postcard potato
            prairie present pretzel pumpkin pyramid quarter quilt raccoon radish raincoat raspberry reindeer
            robin rooster rosemary rugby salad sandwich sardine scarf scooter seagull shadow shampoo shepherd
            sidewalk silver slipper snowman spaghetti spinach sponge squirrel stadium starfish statue stocking
            subway suitcase sunflower swing tadpole tangerine teapot telescope temple thimble thunder tortoise
            tourist tractor triangle trumpet tulip ukulele umbrella unicorn vanilla velvet village violin
            volcano walnut wardrobe whistle window yogurt zebra zucchini
            """)

    private static let dutch = WordList(
        sha256: "d30529bcedf4bef8e857ff3248713ef0154de2bb04133cf09e20e12eb9db5dea",
        text: """
            aardbei abrikoos accordeon adelaar agenda ananas antenne aquarium artisjok asperge augurk avocado
            bakfiets bakker balkon bamboe banaan bezem bijenkorf bizon bladzijde boerderij bosbes broccoli
            bureau cactus cadeau camera caravan cavia chocolade circus citroen dakpan december deken diamant
            dirigent dolfijn domino duizend edelsteen envelop erwten esdoorn fabriek fanfare fietsbel flamingo
            fontein fotoboek framboos garage garnaal gazelle gebak gember giraf gitarist gondel gordijn gorilla
            goudvis grasveld hagelslag hamster handdoek hangmat haring hazelnoot horloge iglo ijsbeer insect
            jasmijn jungle juwelier kabouter kalender kampvuur kanarie kangoeroe kapitein kapstok karton
            kastanje kelder kerstboom kimono kiwi klaver klomp knikker knoflook koala koekje koelkast komkommer
            kompas koning koolmees krokodil kruiwagen kubus kwartel lampion lantaarn lavendel lente lepelaar
            leraar lijster limonade lindeboom luipaard magneet mandarijn mango mantel marathon margriet marmer
            matras medaille meeuw melodie meubel microfoon middag mosterd motor mozaïek museum narcis nectarine
            nestkast neushoorn nieuwjaar noordpool notaris november oceaan ochtend octopus olifant olijf ontbijt
            ooievaar opera oranje orchidee orgel orkest palmboom panda papegaai papier paprika paraplu parfum
            pastei pelikaan perron perzik piano pindakaas pinguïn piramide pizza planeet poeder poffertje
            pompoen popcorn postbode potlood pyjama radijs raket regenboog reiger rendier rietje robijn rugzak
            salade sardine saxofoon schatkist schelp schilder schommel schroef servet sleutel slinger sneeuwpop
            speeltuin spiegel spijker spinazie spons station stempel strand strik stuiver tandem tapijt taxi
            tekening telescoop tennis theedoek tomaat tovenaar tractor trapeze trechter tribune trompet truffel
            tuinslang tulband uitzicht uurwerk vakantie vanille varken vitrine vlinder voetbal vulkaan vuurtoren
            walnoot walvis wandeling wasmand waterval weide wereld wijngaard windmolen winkel winterjas woensdag
            xylofoon yoghurt zaklamp zebra zeehond zeilboot zigzag zomerjurk zoogdier zwembad
            """)

    private static let german = WordList(
        sha256: "c681c7b0c336abd5730135ec06b41c9baedcda7f50fc3e9f587b9cc58ebf59e7",
        text: """
            Abend Akkordeon Album Ananas Antenne Aprikose Aquarium Armband Atlas Aubergine August Auster Avocado
            Badewanne Bahnhof Balkon Bambus Banane Bauernhof Baumhaus Birne Blatt Bleistift Brille Brokkoli
            Brombeere Büffel Bürste Computer Dampfer Datteln Delfin Diamant Distel Domino Drachen Dreieck
            Edelstein Eisbär Elefant Ente Erbse Erdbeere Europa Fabrik Farbe Fasan Fenster Ferien Fernrohr
            Fichte Fingerhut Flamingo Flasche Flieder Forelle Foto Frosch Frühling Galerie Garage Gärtner
            Gazelle Gemüse Gepard Geschenk Gewürz Gipfel Gitarre Glocke Gondel Gorilla Gürtel Hagebutte Halstuch
            Hamster Handschuh Harmonika Haselnuss Heuballen Himbeere Hirsch Holunder Honig Iglu Indigo Ingwer
            Jahrmarkt Januar Jasmin Joghurt Kakao Kaktus Kalender Kamera Känguru Kaninchen Kapitän Karotte
            Karussell Kastanie Kaugummi Kilometer Kino Klavier Klingel Knoblauch Knopf Koala Kokosnuss Kolibri
            Kompass Konfetti Konzert Kranich Krawatte Kreide Krokodil Kuchen Kürbis Labyrinth Lakritze Lampion
            Laterne Lavendel Leinwand Lerche Libelle Limonade Linde Lineal Lorbeer Maikäfer Mandarine Mango
            Mantel Marder Margerite Marmelade Marzipan Matratze Maulwurf Medaille Melodie Meteor Mikrofon Montag
            Mosaik Museum Narzisse Nashorn Nelke Nilpferd Nordpol November Oboe Obstsalat Oktober Olive Orange
            Orchester Ozean Palast Palme Panda Pantoffel Papagei Paprika Parfüm Park Pavillon Pelikan Pferd
            Pfirsich Picknick Pinguin Pinsel Pistazie Pizza Planet Platane Pokal Porzellan Posaune Postkarte
            Pudding Pullover Puzzle Pyramide Quitte Rathaus Regal Rettich Rhabarber Rodelbahn Rosmarin Rubin
            Rucksack Sandburg Sardine Saxophon Schaukel Schinken Schlitten Schublade Seehund Silber Spargel
            Spatz Spinat Stadion Statue Steinpilz Stern Stiefel Strand Strumpf Tagebuch Tapete Teddybär Teekanne
            Teelöffel Telefon Tennis Theater Tischtuch Tomate Töpfer Traktor Treppe Trompete Turm Turnschuh
            Uhrwerk Urlaub Vanille Veilchen Violine Vorhang Vulkan Walnuss Wanderweg Weihnacht Wildgans Wimpel
            Windrad Winter Wurzel Zauberer Zebra Zeitung Zeppelin Zirkus Zitrone Zwiebel Zylinder
            """)
}
