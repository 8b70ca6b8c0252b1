//! `--sum`: the BLAKE3 checksum of what each direction of a conversation delivered.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use sockeye_net::relay::Witness;

use crate::cli::relay::RelayArgs;
use crate::stdio;

/// The checksums of a conversation, there and back; of none without `--sum`.
pub(super) struct Sums(Option<[Sum; 2]>);

/// One direction's, still growing.
#[derive(Clone, Debug, Default)]
struct Sum(Arc<Mutex<blake3::Hasher>>);

impl Witness for Sum {
    fn saw(&mut self, bytes: &[u8]) {
        let mut hasher = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hasher.update(bytes);
    }
}

impl Sums {
    pub(super) fn of(args: &RelayArgs) -> Self {
        Self(args.sum.then(<[Sum; 2]>::default))
    }

    /// Who sees the bytes, there and back.
    pub(super) fn witnesses(&self) -> [Option<Box<dyn Witness>>; 2] {
        match &self.0 {
            Some(sums) => sums
                .clone()
                .map(|sum| Some(Box::new(sum) as Box<dyn Witness>)),
            None => [None, None],
        }
    }

    /// Says them, between `from` and TO; `number` is the conversation's, where there may be several. The way back is said
    /// only if anything came: a file says nothing.
    pub(super) fn say(&self, from: &dyn Display, args: &RelayArgs, number: Option<u64>) {
        let Some([there, back]) = &self.0 else {
            return;
        };
        let to: &dyn Display = &args.to;
        let number = number.map_or_else(String::new, |number| format!("#{number} "));
        for (sum, from, to, always) in [(there, from, to, true), (back, to, from, false)] {
            let hasher = sum.0.lock().unwrap_or_else(PoisonError::into_inner);
            if always || hasher.count() > 0 {
                let (sum, bytes) = (hasher.finalize().to_hex(), hasher.count());
                stdio::say(&format!(
                    "{number}blake3 {sum}  {bytes} bytes  {from} -> {to}"
                ));
            }
        }
    }
}
