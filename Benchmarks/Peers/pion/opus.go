package main

/*
#cgo pkg-config: opus
#include <opus.h>

static int settle(OpusEncoder *encoder)
{
	return opus_encoder_ctl(encoder, OPUS_SET_BITRATE(32000))
		|| opus_encoder_ctl(encoder, OPUS_SET_VBR(0))
		|| opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(5))
		|| opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(1))
		|| opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(10))
		|| opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
}
*/
import "C"

import (
	"errors"
	"unsafe"
)

const (
	sampleRate   = 48000
	frameSamples = 960
)

type opusEncoder struct{ state *C.OpusEncoder }

// 32 kbit/s at a constant rate, complexity 5, error correction for 10 % loss.
func newOpusEncoder() (*opusEncoder, error) {
	var code C.int
	state := C.opus_encoder_create(sampleRate, 1, C.OPUS_APPLICATION_VOIP, &code)
	if code != C.OPUS_OK || C.settle(state) != 0 {
		return nil, errors.New("libopus refuses the encoder")
	}
	return &opusEncoder{state}, nil
}

func (encoder *opusEncoder) encode(samples []int16, packet []byte) (int, error) {
	count := C.opus_encode(encoder.state, (*C.opus_int16)(unsafe.Pointer(&samples[0])), frameSamples,
		(*C.uchar)(unsafe.Pointer(&packet[0])), C.opus_int32(len(packet)))
	if count < 0 {
		return 0, errors.New("libopus refuses to encode")
	}
	return int(count), nil
}

type opusDecoder struct{ state *C.OpusDecoder }

func newOpusDecoder() (*opusDecoder, error) {
	var code C.int
	state := C.opus_decoder_create(sampleRate, 1, &code)
	if code != C.OPUS_OK {
		return nil, errors.New("libopus refuses the decoder")
	}
	return &opusDecoder{state}, nil
}

// What is in the packet, or, with correction, what its predecessor was: the number of samples, less than 0 for none.
func (decoder *opusDecoder) decode(packet []byte, samples []int16, correction bool) int {
	fec := C.int(0)
	if correction {
		fec = 1
	}
	return int(C.opus_decode(decoder.state, (*C.uchar)(unsafe.Pointer(&packet[0])), C.opus_int32(len(packet)),
		(*C.opus_int16)(unsafe.Pointer(&samples[0])), frameSamples, fec))
}
