//! Who looks at the bytes of a direction without changing them, such as a checksum.

use std::fmt;

/// Sees every byte that has been written to the other side, in order and once: those that did not get there it does not
/// see. Bytes that have a witness go through a buffer and are never spliced.
pub trait Witness: fmt::Debug + Send + Sync {
    /// These bytes have been written.
    fn saw(&mut self, bytes: &[u8]);
}
