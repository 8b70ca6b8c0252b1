//! The one provider of cryptography: aws-lc, made when the first TLS address is opened.

use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;

pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(aws_lc_rs::default_provider())))
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let suite = aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let mut sum = [0; 32];
    if let Some(suite) = suite.tls13() {
        sum.copy_from_slice(suite.common.hash_provider.hash(bytes).as_ref());
    }
    sum
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sum_is_sha_256() {
        // FIPS 180-4, the example of one block.
        let sum = super::sha256(b"abc");
        assert_eq!(sum[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(sum[28..], [0xf2, 0x00, 0x15, 0xad]);
    }
}
