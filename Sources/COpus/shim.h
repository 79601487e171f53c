#include <opus/opus.h>

/* opus_encoder_ctl and opus_decoder_ctl are variadic, which Swift does not import. */

static inline int colloque_opus_set_bitrate(OpusEncoder *encoder, opus_int32 bits_per_second)
{
    return opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bits_per_second));
}

static inline int colloque_opus_set_vbr(OpusEncoder *encoder, opus_int32 enabled)
{
    return opus_encoder_ctl(encoder, OPUS_SET_VBR(enabled));
}

static inline int colloque_opus_set_complexity(OpusEncoder *encoder, opus_int32 complexity)
{
    return opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity));
}

static inline int colloque_opus_set_inband_fec(OpusEncoder *encoder, opus_int32 enabled)
{
    return opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(enabled));
}

static inline int colloque_opus_set_packet_loss_percentage(OpusEncoder *encoder, opus_int32 percentage)
{
    return opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(percentage));
}

static inline int colloque_opus_set_dtx(OpusEncoder *encoder, opus_int32 enabled)
{
    return opus_encoder_ctl(encoder, OPUS_SET_DTX(enabled));
}

static inline int colloque_opus_set_voice(OpusEncoder *encoder)
{
    return opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
}

static inline int colloque_opus_get_lookahead(OpusEncoder *encoder, opus_int32 *samples)
{
    return opus_encoder_ctl(encoder, OPUS_GET_LOOKAHEAD(samples));
}

static inline int colloque_opus_reset_decoder(OpusDecoder *decoder)
{
    return opus_decoder_ctl(decoder, OPUS_RESET_STATE);
}
