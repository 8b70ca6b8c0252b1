//! What may be done to the bytes of a direction on their way: only where a person asked for it.

/// Changes the bytes of one direction. It must keep its state over any split of them.
pub trait Filter: Send + Sync {
    /// Appends to `out` what `data` becomes.
    fn pass(&mut self, data: &[u8], out: &mut Vec<u8>);

    /// The end: appends what was held back.
    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

/// `--crlf`: each line end becomes CR LF, as text protocols want it; one that is CR LF already stays so.
#[derive(Debug, Default)]
pub struct Crlf {
    after_cr: bool,
}

impl Filter for Crlf {
    fn pass(&mut self, data: &[u8], out: &mut Vec<u8>) {
        for &byte in data {
            if byte == b'\n' && !self.after_cr {
                out.push(b'\r');
            }
            self.after_cr = byte == b'\r';
            out.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(filter: &mut dyn Filter, pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        for piece in pieces {
            filter.pass(piece, &mut out);
        }
        filter.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_end_split_over_two_reads_becomes_one_crlf() {
        assert_eq!(
            through(&mut Crlf::default(), &[b"a\r", b"\nb\n", b"\n\rc"]),
            "a\r\nb\r\n\r\n\rc"
        );
    }
}
