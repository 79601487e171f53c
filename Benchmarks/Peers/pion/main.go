// A duplex audio leg with pion and libopus, as often as it is asked for: what Colloque's native end is compared with.
//
//	pion offer|answer SESSIONS SPEECH.wav
//
// Speaks lines of JSON on standard input and output: descriptions, then "flowing" when every session hears something,
// and what it did when standard input ends. There is no jitter buffer: a packet is decoded when it comes.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v2"
	"github.com/pion/ice/v2"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media"
)

type session struct {
	connection *webrtc.PeerConnection
	track      *webrtc.TrackLocalStaticSample
	sent       int64
	decoded    int64
	hears      sync.Once
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: pion offer|answer SESSIONS SPEECH.wav"))
	}
	count, err := strconv.Atoi(os.Args[2])
	fail(err)
	speech, err := readSpeech(os.Args[3])
	fail(err)
	api, err := makeAPI()
	fail(err)

	var hearing sync.WaitGroup
	hearing.Add(count)
	sessions := make([]*session, count)
	for index := range sessions {
		sessions[index], err = newSession(api, hearing.Done)
		fail(err)
	}
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	fail(connect(sessions, os.Args[1] == "offer", lines))
	for index, one := range sessions {
		// Sessions are no choir: each begins at a place of its own in the 20 ms.
		go one.speak(speech, time.Duration(index)*20*time.Millisecond/time.Duration(count))
	}
	hearing.Wait()
	tell("flowing")
	for {
		if _, err := lines.ReadString('\n'); err != nil {
			break
		}
	}
	var sent, decoded int64
	for _, one := range sessions {
		sent += atomic.LoadInt64(&one.sent)
		decoded += atomic.LoadInt64(&one.decoded)
	}
	tell(map[string]interface{}{"sent": sent, "decoded": decoded})
}

// Opus alone, reports and nothing else of the interceptors, SRTP with AES-GCM, loopback over UDP.
func makeAPI() (*webrtc.API, error) {
	engine := &webrtc.MediaEngine{}
	err := engine.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: sampleRate, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
		},
		PayloadType: 111,
	}, webrtc.RTPCodecTypeAudio)
	if err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	receiver, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, err
	}
	sender, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	registry.Add(receiver)
	registry.Add(sender)
	settings := webrtc.SettingEngine{}
	settings.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(settings)), nil
}

func newSession(api *webrtc.API, hears func()) (*session, error) {
	connection, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	track, err := webrtc.NewTrackLocalStaticSample(
		webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "voice")
	if err != nil {
		return nil, err
	}
	one := &session{connection: connection, track: track}
	sender, err := connection.AddTrack(track)
	if err != nil {
		return nil, err
	}
	// Reports come to the interceptors only while somebody reads.
	go func() {
		buffer := make([]byte, 1500)
		for {
			if _, _, err := sender.Read(buffer); err != nil {
				return
			}
		}
	}()
	connection.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { one.hear(remote, hears) })
	return one, nil
}

// Exchanges descriptions with the other process and waits for every connection.
func connect(sessions []*session, isOffering bool, lines *bufio.Reader) error {
	var connected sync.WaitGroup
	connected.Add(len(sessions))
	for _, one := range sessions {
		var once sync.Once
		one.connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
			if state == webrtc.PeerConnectionStateConnected {
				once.Do(connected.Done)
			}
		})
	}
	if isOffering {
		if err := describe(sessions, true); err != nil {
			return err
		}
	}
	line, err := lines.ReadString('\n')
	if err != nil {
		return err
	}
	var remote []webrtc.SessionDescription
	if err := json.Unmarshal([]byte(line), &remote); err != nil {
		return err
	}
	for index, one := range sessions {
		if err := one.connection.SetRemoteDescription(remote[index]); err != nil {
			return err
		}
	}
	if !isOffering {
		if err := describe(sessions, false); err != nil {
			return err
		}
	}
	connected.Wait()
	return nil
}

// Makes every local description, with all of its candidates, and tells them in one line.
func describe(sessions []*session, isOffering bool) error {
	descriptions := make([]*webrtc.SessionDescription, len(sessions))
	for index, one := range sessions {
		var description webrtc.SessionDescription
		var err error
		if isOffering {
			description, err = one.connection.CreateOffer(nil)
		} else {
			description, err = one.connection.CreateAnswer(nil)
		}
		if err != nil {
			return err
		}
		gathered := webrtc.GatheringCompletePromise(one.connection)
		if err := one.connection.SetLocalDescription(description); err != nil {
			return err
		}
		<-gathered
		descriptions[index] = one.connection.LocalDescription()
	}
	tell(descriptions)
	return nil
}

func (one *session) speak(speech []int16, phase time.Duration) {
	encoder, err := newOpusEncoder()
	fail(err)
	packet := make([]byte, 1275)
	time.Sleep(phase)
	ticker := time.NewTicker(20 * time.Millisecond)
	for at := 0; ; at += frameSamples {
		if at+frameSamples > len(speech) {
			at = 0
		}
		<-ticker.C
		size, err := encoder.encode(speech[at:at+frameSamples], packet)
		fail(err)
		if one.track.WriteSample(media.Sample{Data: packet[:size], Duration: 20 * time.Millisecond}) != nil {
			return
		}
		atomic.AddInt64(&one.sent, 1)
	}
}

func (one *session) hear(remote *webrtc.TrackRemote, hears func()) {
	decoder, err := newOpusDecoder()
	fail(err)
	samples := make([]int16, frameSamples)
	expected := -1
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		if len(packet.Payload) == 0 {
			continue
		}
		if expected >= 0 && packet.SequenceNumber == uint16(expected+1) {
			decoder.decode(packet.Payload, samples, true)
		}
		if decoder.decode(packet.Payload, samples, false) == frameSamples {
			atomic.AddInt64(&one.decoded, 1)
		}
		expected = int(packet.SequenceNumber+1) & 0xFFFF
		one.hears.Do(hears)
	}
}

// The samples of a WAV file of 16 bits, 48 kHz, mono, whose header has 44 octets.
func readSpeech(path string) ([]int16, error) {
	octets, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(octets) < 44+2*frameSamples {
		return nil, fmt.Errorf("%s: no speech", path)
	}
	octets = octets[44:]
	samples := make([]int16, len(octets)/2)
	for index := range samples {
		samples[index] = int16(uint16(octets[2*index]) | uint16(octets[2*index+1])<<8)
	}
	return samples, nil
}

func tell(what interface{}) {
	line, err := json.Marshal(what)
	fail(err)
	fmt.Println(string(line))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pion:", err)
		os.Exit(1)
	}
}
