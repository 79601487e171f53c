// Swift sees neither function-like macros nor variadic functions: each one in use has a name here.
#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/time.h>

/// A fresh EC key on the curve called `name`, or NULL. The caller frees it.
static inline EVP_PKEY *COpenSSL_EVP_EC_gen(const char *name) { return EVP_EC_gen(name); }

/// The options of a DTLS context that offers nothing WebRTC does not need.
static inline void COpenSSL_SSL_CTX_set_strict_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int COpenSSL_SSL_CTX_set_proto_versions(SSL_CTX *context, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(context, lowest) == 1 && SSL_CTX_set_max_proto_version(context, highest) == 1;
}

static inline int COpenSSL_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}

static inline int COpenSSL_SSL_CTX_set1_sigalgs_list(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_sigalgs_list(context, list);
}

static inline void COpenSSL_SSL_CTX_set_max_cert_list(SSL_CTX *context, long octets) {
    SSL_CTX_set_max_cert_list(context, octets);
}

static inline void COpenSSL_SSL_set_mtu(SSL *ssl, long octets) { SSL_set_mtu(ssl, octets); }

/// Whether both ends used the extended master secret (RFC 7627).
static inline int COpenSSL_SSL_get_extms_support(SSL *ssl) { return SSL_get_extms_support(ssl) == 1; }

/// Microseconds until the retransmission is due, or -1 when no timer runs.
static inline long long COpenSSL_DTLS_timeout_microseconds(SSL *ssl) {
    struct timeval left;
    if (DTLSv1_get_timeout(ssl, &left) != 1) return -1;
    return (long long)left.tv_sec * 1000000 + left.tv_usec;
}

/// 1 after a retransmission, 0 when nothing was due, negative when the handshake has to be given up.
static inline int COpenSSL_DTLSv1_handle_timeout(SSL *ssl) { return (int)DTLSv1_handle_timeout(ssl); }

/// HMAC-SHA1 (RFC 2104) of `head` with `tail` behind it. Built upon the bare hash, because HMAC() and EVP_MAC allocate
/// memory a dozen times for each code.
static inline void COpenSSL_HMAC_SHA1(const unsigned char *key, size_t key_count, const unsigned char *head,
                                      size_t head_count, const unsigned char *tail, size_t tail_count,
                                      unsigned char *code) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    SHA_CTX context;
    unsigned char block[SHA_CBLOCK] = {0};
    if (key_count > sizeof block) {
        SHA1_Init(&context);
        SHA1_Update(&context, key, key_count);
        SHA1_Final(block, &context);
    } else if (key_count > 0) {
        memcpy(block, key, key_count);
    }
    for (size_t place = 0; place < sizeof block; place++) block[place] ^= 0x36;
    SHA1_Init(&context);
    SHA1_Update(&context, block, sizeof block);
    SHA1_Update(&context, head, head_count);
    SHA1_Update(&context, tail, tail_count);
    SHA1_Final(code, &context);
    for (size_t place = 0; place < sizeof block; place++) block[place] ^= 0x36 ^ 0x5c;
    SHA1_Init(&context);
    SHA1_Update(&context, block, sizeof block);
    SHA1_Update(&context, code, SHA_DIGEST_LENGTH);
    SHA1_Final(code, &context);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(&context, sizeof context);
#pragma GCC diagnostic pop
}
