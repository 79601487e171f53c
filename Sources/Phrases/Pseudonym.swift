extension Phrases {
    /// A name for a device that waits: a plant and a digit, such as « Bleuet 3 ».
    ///
    /// The same number is the same plant in every language, and always; numbers 288 apart share a name.
    package func pseudonym(_ number: UInt32) -> String {
        let names = self.plants
        let plant = names[Int(number) % names.count]
        return "\(plant)\u{A0}\(Int(number) / names.count % 9 + 1)"
    }

    /// 32 plants in one order.
    package var plants: [String] {
        switch self.language {
        case .french:
            [
                "Bleuet", "Capucine", "Dahlia", "Églantine", "Fougère", "Genêt", "Hortensia", "Iris", "Jasmin", "Lilas",
                "Marguerite", "Narcisse", "Orchidée", "Pivoine", "Romarin", "Sauge", "Thym", "Verveine", "Violette",
                "Zinnia", "Acacia", "Bruyère", "Camélia", "Crocus", "Freesia", "Glycine", "Lavande", "Mimosa",
                "Muguet", "Pervenche", "Primevère", "Tulipe",
            ]
        case .english:
            [
                "Cornflower", "Nasturtium", "Dahlia", "Wild rose", "Fern", "Broom", "Hydrangea", "Iris", "Jasmine",
                "Lilac", "Daisy", "Daffodil", "Orchid", "Peony", "Rosemary", "Sage", "Thyme", "Verbena", "Violet",
                "Zinnia", "Acacia", "Heather", "Camellia", "Crocus", "Freesia", "Wisteria", "Lavender", "Mimosa",
                "Lily", "Periwinkle", "Primrose", "Tulip",
            ]
        case .dutch:
            [
                "Korenbloem", "Kers", "Dahlia", "Egelantier", "Varen", "Brem", "Hortensia", "Iris", "Jasmijn",
                "Sering", "Margriet", "Narcis", "Orchidee", "Pioen", "Rozemarijn", "Salie", "Tijm", "Verbena",
                "Viooltje", "Zinnia", "Acacia", "Heide", "Camelia", "Krokus", "Freesia", "Blauweregen", "Lavendel",
                "Mimosa", "Meiklokje", "Maagdenpalm", "Primula", "Tulp",
            ]
        case .german:
            [
                "Kornblume", "Kresse", "Dahlie", "Heckenrose", "Farn", "Ginster", "Hortensie", "Iris", "Jasmin",
                "Flieder", "Margerite", "Narzisse", "Orchidee", "Pfingstrose", "Rosmarin", "Salbei", "Thymian",
                "Verbene", "Veilchen", "Zinnie", "Akazie", "Heidekraut", "Kamelie", "Krokus", "Freesie", "Glyzinie",
                "Lavendel", "Mimose", "Maiglöckchen", "Immergrün", "Primel", "Tulpe",
            ]
        }
    }
}
