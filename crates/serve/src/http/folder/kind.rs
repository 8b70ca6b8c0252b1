//! What a file is, for a browser: its content type, by the end of its name.

use std::path::Path;

/// The content type, or `None` where the name says nothing of it.
pub(super) fn of_name(path: &Path) -> Option<&'static str> {
    let end = path.extension()?.to_str()?.to_ascii_lowercase();
    KINDS
        .iter()
        .find(|(ends, _)| ends.split(' ').any(|known| known == end))
        .map(|(_, kind)| *kind)
}

/// The content type of a file whose name says nothing, by how it begins: text, or bytes of any kind.
pub(super) fn of_beginning(bytes: &[u8]) -> &'static str {
    let is_text = |text: &str| {
        text.chars()
            .all(|character| !character.is_control() || "\t\n\r\u{c}".contains(character))
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        // The stretch that was read may end within a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    match text {
        Some(text) if is_text(text) => PLAIN,
        _ => OCTETS,
    }
}

const PLAIN: &str = "text/plain; charset=utf-8";
const OCTETS: &str = "application/octet-stream";

#[rustfmt::skip]
const KINDS: &[(&str, &str)] = &[
    ("html htm", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js mjs cjs", "text/javascript; charset=utf-8"),
    ("json map", "application/json"),
    ("jsonl ndjson", "application/x-ndjson"),
    ("webmanifest", "application/manifest+json"),
    ("wasm", "application/wasm"),
    ("xml xsl", "application/xml"),
    ("xhtml", "application/xhtml+xml"),
    ("txt text log conf cfg ini toml lock sum mod diff patch rst", PLAIN),
    ("rs c h cc cpp hpp cs go py rb pl pm lua java kt swift zig hs ml ex exs erl sh bash zsh fish sql tex ts tsx jsx", PLAIN),
    ("md markdown", "text/markdown; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("tsv", "text/tab-separated-values; charset=utf-8"),
    ("yaml yml", "application/yaml"),
    ("ics", "text/calendar; charset=utf-8"),
    ("vcf", "text/vcard; charset=utf-8"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("png", "image/png"),
    ("jpg jpeg jpe", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("svg", "image/svg+xml"),
    ("ico", "image/x-icon"),
    ("bmp", "image/bmp"),
    ("tif tiff", "image/tiff"),
    ("heic", "image/heic"),
    ("jxl", "image/jxl"),
    ("mp3", "audio/mpeg"),
    ("m4a aac", "audio/mp4"),
    ("ogg oga opus", "audio/ogg"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
    ("mid midi", "audio/midi"),
    ("mp4 m4v", "video/mp4"),
    ("webm", "video/webm"),
    ("ogv", "video/ogg"),
    ("mov", "video/quicktime"),
    ("mkv", "video/matroska"),
    ("avi", "video/x-msvideo"),
    ("mpg mpeg", "video/mpeg"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("ttf", "font/ttf"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("epub", "application/epub+zip"),
    ("rtf", "application/rtf"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("zip", "application/zip"),
    ("gz tgz", "application/gzip"),
    ("bz2", "application/x-bzip2"),
    ("xz", "application/x-xz"),
    ("zst", "application/zstd"),
    ("7z", "application/x-7z-compressed"),
    ("rar", "application/vnd.rar"),
    ("tar", "application/x-tar"),
    ("iso img bin dat exe dll so o a deb rpm", OCTETS),
    ("jar", "application/java-archive"),
    ("apk", "application/vnd.android.package-archive"),
    ("pcap", "application/vnd.tcpdump.pcap"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_a_beginning_says_what_a_file_is() {
        let of = |name: &str| of_name(Path::new(name));
        assert_eq!(of("a/Index.HTML"), Some("text/html; charset=utf-8"));
        assert_eq!(of("a.tar.gz"), Some("application/gzip"));
        assert_eq!((of("README"), of(".html"), of("a.")), (None, None, None));
        assert_eq!(of_beginning(b"# hola\n"), PLAIN);
        assert_eq!(
            of_beginning("mañana ñ".as_bytes().split_last().unwrap().1),
            PLAIN
        );
        assert_eq!(of_beginning(b"\x7fELF\x02"), OCTETS);
        assert_eq!(of_beginning(b"\xff\xfe"), OCTETS);
        assert_eq!(of_beginning(b""), PLAIN);
    }

    #[test]
    fn no_ending_has_two_kinds() {
        let mut ends: Vec<&str> = KINDS.iter().flat_map(|(ends, _)| ends.split(' ')).collect();
        let all = ends.len();
        ends.sort_unstable();
        ends.dedup();
        assert_eq!(ends.len(), all);
    }
}
