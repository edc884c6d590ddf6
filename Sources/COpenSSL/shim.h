#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

// Functions that OpenSSL offers as macros, which Swift does not import.

/// For TLS 1.3 with a shared key and a Diffie-Hellman exchange, and nothing else: no certificates, tickets,
/// early data or renegotiation. NULL without memory.
static inline SSL_CTX *copenssl_tls13_context(
    SSL_psk_use_session_cb_func dialler, SSL_psk_find_session_cb_func listener) {
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    if (!context) return NULL;
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_psk_use_session_callback(context, dialler);
    SSL_CTX_set_psk_find_session_callback(context, listener);
    if (!SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)
        || !SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION)
        || !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256")
        || !SSL_CTX_set1_groups_list(context, "X25519:P-256")
        || !SSL_CTX_set_num_tickets(context, 0)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

static inline void copenssl_wait_for_input(BIO *bio) { BIO_set_retry_read(bio); }
static inline void copenssl_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

/// The reason (SSL_R_…) of the oldest error of this thread, or 0.
static inline int copenssl_reason(void) { return ERR_GET_REASON(ERR_peek_error()); }
