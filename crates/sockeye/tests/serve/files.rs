//! A folder over HTTP: whole files, parts of them, and what a client has already.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::process::Command;

use crate::server::{PATIENCE, has, scratch, tcp};
use crate::web::{Response, ask, files, get, get_with};

/// Bytes in which every stretch is another.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 + at / 251) as u8).collect()
}

#[test]
fn a_file_arrives_whole_with_its_length_and_its_type() {
    let folder = scratch("whole");
    let (_server, at) = files(&folder, &[]);
    for len in [0, 1, 16_384, 16_385, 1_048_576, 3_000_001] {
        let sent = pattern(len);
        fs::write(folder.join("a.png"), &sent).unwrap();
        let got = get(at, "/a.png");
        assert_eq!(got.status, 200);
        assert_eq!(got.field("content-type"), "image/png");
        assert_eq!(got.field("content-length"), len.to_string());
        assert!(got.body == sent, "{len} bytes");
    }
    fs::write(folder.join("README"), "¡hola!\n").unwrap();
    assert_eq!(
        get(at, "/README").field("content-type"),
        "text/plain; charset=utf-8"
    );
}

#[test]
fn a_view_that_wants_every_byte_changes_none() {
    let folder = scratch("seen");
    let sent = pattern(700_000);
    fs::write(folder.join("a"), &sent).unwrap();
    let recording = folder.join("r.ndjson");
    let (server, at) = files(&folder, &["--record", recording.to_str().unwrap()]);
    assert!(get(at, "/a").body == sent);
    assert_eq!(server.stop().code, Some(0));
    let recorded = fs::read_to_string(&recording).unwrap();
    assert!(recorded.contains("GET /a"), "{recorded:.2000}");
}

#[test]
fn parts_of_a_file_are_those_that_were_asked_for() {
    let folder = scratch("parts");
    let whole = pattern(100_000);
    fs::write(folder.join("a"), &whole).unwrap();
    let (_server, at) = files(&folder, &[]);
    for (range, first, last) in [
        ("0-0", 0, 0),
        ("99999-", 99_999, 99_999),
        ("-20000", 80_000, 99_999),
        ("500-70000", 500, 70_000),
        ("50-1000000", 50, 99_999),
    ] {
        let got = get_with(at, "/a", &format!("Range: bytes={range}\r\n"));
        assert_eq!(got.status, 206, "{range}");
        let said = format!("bytes {first}-{last}/100000");
        assert_eq!(got.field("content-range"), said);
        assert!(got.body == whole[first..=last], "{range}");
    }
    let got = get_with(at, "/a", "Range: bytes=100000-\r\n");
    assert_eq!(
        (got.status, got.field("content-range")),
        (416, "bytes */100000")
    );
    assert_eq!(get_with(at, "/a", "Range: bytes=2-1\r\n").status, 200);
    assert_eq!(get_with(at, "/a", "Range: lines=1-2\r\n").body, whole);
}

#[test]
fn several_parts_come_in_one_body_that_says_which_they_are() {
    let folder = scratch("several");
    let whole = pattern(100_000);
    fs::write(folder.join("a.bin"), &whole).unwrap();
    let (_server, at) = files(&folder, &[]);
    let got = get_with(at, "/a.bin", "Range: bytes=0-9, 90000-99998, -1\r\n");
    assert_eq!(got.status, 206);
    let kind = got.field("content-type");
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let mut expected = Vec::new();
    for (first, last) in [(0, 9), (90_000, 99_998), (99_999, 99_999)] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\
             Content-Range: bytes {first}-{last}/100000\r\n\r\n"
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&whole[first..=last]);
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert!(got.body == expected, "{}", got.text());
    // A list that asks for more than there is makes no more work than the file.
    let many = ["0-99999"; 10].join(",");
    assert_eq!(
        get_with(at, "/a.bin", &format!("Range: bytes={many}\r\n")).status,
        200
    );
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let folder = scratch("conditions");
    let file = folder.join("a");
    fs::write(&file, "one").unwrap();
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(951_868_799);
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(old)
        .unwrap();
    let (_server, at) = files(&folder, &[]);
    let first = get(at, "/a");
    let (tag, date) = (first.field("etag"), first.field("last-modified"));
    assert_eq!(date, "Tue, 29 Feb 2000 23:59:59 GMT");
    let earlier = "Tue, 29 Feb 2000 23:59:58 GMT";
    for (lines, status) in [
        (format!("If-None-Match: {tag}\r\n"), 304),
        (format!("If-None-Match: \"x\", W/{tag}\r\n"), 304),
        ("If-None-Match: *\r\n".to_owned(), 304),
        ("If-None-Match: \"x\"\r\n".to_owned(), 200),
        (format!("If-Modified-Since: {date}\r\n"), 304),
        (format!("If-Modified-Since: {earlier}\r\n"), 200),
        (
            format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {date}\r\n"),
            200,
        ),
        (format!("If-Match: {tag}\r\n"), 200),
        ("If-Match: \"x\"\r\n".to_owned(), 412),
        (format!("If-Match: W/{tag}\r\n"), 412),
        (format!("If-Unmodified-Since: {earlier}\r\n"), 412),
        (format!("If-Unmodified-Since: {date}\r\n"), 200),
        (format!("Range: bytes=1-\r\nIf-Range: {tag}\r\n"), 206),
        (format!("Range: bytes=1-\r\nIf-Range: {date}\r\n"), 206),
        ("Range: bytes=1-\r\nIf-Range: \"x\"\r\n".to_owned(), 200),
        (format!("Range: bytes=1-\r\nIf-Range: W/{tag}\r\n"), 200),
        (format!("Range: bytes=1-\r\nIf-Range: {earlier}\r\n"), 200),
    ] {
        let got = get_with(at, "/a", &lines);
        assert_eq!(got.status, status, "{lines}");
        if status == 304 {
            assert!(got.body.is_empty());
            assert_eq!(got.field("etag"), tag);
        }
    }
    fs::write(&file, "two").unwrap();
    let got = get_with(at, "/a", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((got.status, got.text().as_str()), (200, "two"));
    let got = get_with(at, "/a", &format!("Range: bytes=1-\r\nIf-Range: {tag}\r\n"));
    assert_eq!((got.status, got.text().as_str()), (200, "two"));
}

#[test]
fn a_head_is_that_of_the_get_and_has_no_body() {
    let folder = scratch("heads");
    fs::create_dir_all(folder.join("sub")).unwrap();
    fs::write(folder.join("small"), "hola").unwrap();
    fs::write(folder.join("large"), pattern(200_000)).unwrap();
    let (_server, at) = files(&folder, &[]);
    for path in ["/small", "/large", "/", "/sub", "/sub/", "/none"] {
        let got = get(at, path);
        let head = ask(at, "HEAD", path, "");
        assert_eq!(head.steady_head(), got.steady_head(), "{path}");
    }
    let post = ask(at, "POST", "/small", "Content-Length: 0\r\n");
    assert_eq!((post.status, post.field("allow")), (405, "GET,HEAD"));
}

#[test]
fn requests_sent_at_once_are_answered_in_their_order() {
    let folder = scratch("pipelined");
    let large = pattern(400_000);
    fs::write(folder.join("large"), &large).unwrap();
    fs::write(folder.join("small"), "hola").unwrap();
    let (server, at) = files(&folder, &[]);
    let mut stream = tcp(at);
    let one = |path| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let paths = ["/small", "/large", "/none", "/large", "/small"];
    let all: String = paths.iter().map(one).collect();
    stream.write_all(all.as_bytes()).unwrap();
    let mut came = Vec::new();
    for path in paths {
        let got = loop {
            if let Some(response) = Response::take(&mut came, true) {
                break response;
            }
            let mut buffer = [0; 65_536];
            let len = stream.read(&mut buffer).unwrap();
            assert!(len > 0, "{path}");
            came.extend_from_slice(&buffer[..len]);
        };
        match path {
            "/small" => assert_eq!(got.text(), "hola"),
            "/large" => assert!(got.body == large),
            _ => assert_eq!(got.status, 404),
        }
    }
    drop(stream);
    let said = server.stop().stderr.join("\n");
    assert!(said.contains("files: conversations 1,"), "{said}");
}

#[test]
fn a_name_of_any_bytes_is_listed_and_can_be_asked_for() {
    let folder = scratch("names");
    let names: [&[u8]; 6] = [
        b"\xff\xfe not text",
        b"<img src=x onerror=alert(1)>",
        b"a\"b'c&d",
        b"javascript:alert(1)",
        "ñandú %41 #1?".as_bytes(),
        b"line\nend\x1b[2J",
    ];
    for name in names {
        let name = std::ffi::OsString::from_vec(name.to_vec());
        fs::write(folder.join(name), "hola").unwrap();
    }
    let (_server, at) = files(&folder, &[]);
    let page = get(at, "/").text();
    assert!(!page.contains("<img"), "{page}");
    assert!(!page.contains('\u{1b}'), "{page}");
    let links: Vec<&str> = page
        .split("<tr><td><a href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(links.len(), names.len(), "{page}");
    for link in links {
        assert_eq!(get(at, &format!("/{link}")).text(), "hola", "{link}");
    }
}

#[test]
fn a_folder_is_its_index_or_a_page_in_the_order_asked_for() {
    let folder = scratch("pages");
    fs::create_dir_all(folder.join("has/sub")).unwrap();
    fs::write(folder.join("has/index.html"), "<p>own").unwrap();
    for (name, size) in [("bb", 30), ("Aa", 200), ("cc", 1)] {
        fs::write(folder.join(name), pattern(size)).unwrap();
    }
    fs::write(folder.join(".secret"), "x").unwrap();
    let (_server, at) = files(&folder, &[]);
    let moved = get(at, "/has?a=b");
    assert_eq!((moved.status, moved.field("location")), (307, "/has/?a=b"));
    assert_eq!(get(at, "/has/").text(), "<p>own");
    let names = |query: &str| -> Vec<String> {
        let page = get(at, &format!("/{query}")).text();
        let rows = page.split("<tr><td><a href=\"").skip(1);
        rows.map(|row| row.split('"').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(""), ["has/", "Aa", "bb", "cc"]);
    assert_eq!(names("?sort=name&order=desc"), ["has/", "cc", "bb", "Aa"]);
    assert_eq!(names("?sort=size"), ["has/", "cc", "bb", "Aa"]);
    assert_eq!(names("?sort=x&order=%00"), ["has/", "Aa", "bb", "cc"]);
    assert_eq!(get(at, "/.secret").status, 404);
    let spanish = get_with(at, "/", "Accept-Language: es\r\n").text();
    assert!(
        spanish.contains("<html lang=\"es\">") && spanish.contains("Nombre"),
        "{spanish}"
    );
    let (_server, at) = files(&folder, &["--hidden"]);
    assert_eq!(get(at, "/.secret").status, 200);
    assert!(get(at, "/").text().contains("\".secret\""));
}

#[test]
fn the_style_of_a_page_is_the_one_that_its_policy_allows() {
    let folder = scratch("policy");
    let (_server, at) = files(&folder, &[]);
    let got = get(at, "/");
    let page = got.text();
    let style = page
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    if !has("python3") {
        return;
    }
    let program = "import sys,hashlib,base64; \
                   print(base64.b64encode(hashlib.sha256(sys.argv[1].encode()).digest()).decode())";
    let hash = Command::new("python3")
        .args(["-c", program, style])
        .output()
        .unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap();
    let allowed = format!("style-src 'sha256-{}'", hash.trim());
    let policy = got.field("content-security-policy");
    assert!(policy.contains(&allowed), "{policy} has not {allowed}");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
}

#[test]
fn the_end_of_five_gigabytes_is_one_range_away() {
    let folder = scratch("sparse");
    let file = fs::File::create(folder.join("big")).unwrap();
    let len = 5_u64 << 30;
    file.set_len(len).unwrap();
    file.write_all_at(b"the end", len - 7).unwrap();
    let (_server, at) = files(&folder, &[]);
    let got = get_with(at, "/big", "Range: bytes=-7\r\n");
    assert_eq!((got.status, got.text().as_str()), (206, "the end"));
    assert_eq!(
        ask(at, "HEAD", "/big", "").field("content-length"),
        "5368709120"
    );
    fs::remove_file(folder.join("big")).unwrap();
}

#[test]
fn a_file_that_becomes_shorter_while_it_is_sent_ends_in_a_reset() {
    let folder = scratch("shorter");
    let file = fs::File::create(folder.join("big")).unwrap();
    file.set_len(1 << 30).unwrap();
    let (server, at) = files(&folder, &[]);
    let mut stream = tcp(at);
    stream
        .write_all(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    stream.read_exact(&mut [0; 1000]).unwrap();
    file.set_len(1000).unwrap();
    let error = std::io::copy(&mut stream, &mut std::io::sink()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let said = server.stop().stderr.join("\n");
    assert!(
        said.contains("conversations 1 (reset or failed 1)"),
        "{said}"
    );
}

#[test]
fn a_folder_is_served_over_tls_as_well() {
    if !has("curl") {
        return;
    }
    let folder = scratch("secure");
    let whole = pattern(1_500_000);
    fs::write(folder.join("a"), &whole).unwrap();
    let dir = folder.to_str().unwrap();
    let server = crate::server::Server::start(&["files=tls://127.0.0.1:0", "--dir", dir]);
    let said = server.line();
    let at = said.split(" open ").nth(1).unwrap().to_owned();
    assert!(at.starts_with("https://127.0.0.1:"), "{said}");
    let limit = PATIENCE.as_secs().to_string();
    let got = Command::new("curl")
        .args([
            "-sSk",
            "--max-time",
            &limit,
            &format!("{at}a"),
            &format!("{at}none"),
        ])
        .output()
        .unwrap();
    assert!(got.stdout.starts_with(&whole), "{:?}", got.status);
    assert!(got.stdout.len() > whole.len());
    let said = server.stop().stderr.join("\n");
    assert!(said.contains("files: conversations 1, received"), "{said}");
}

#[test]
fn curl_goes_on_where_it_was_cut_off_also_over_a_unix_socket() {
    if !has("curl") {
        return;
    }
    let folder = scratch("curl");
    let whole = pattern(500_000);
    fs::write(folder.join("a b.bin"), &whole).unwrap();
    let socket = folder.join("http.sock");
    let address = format!("files=unix:{}", socket.display());
    let server = crate::server::Server::start(&[&address, "--dir", folder.to_str().unwrap()]);
    let said = server.line();
    assert!(said.contains("curl --unix-socket"), "{said}");
    let part = folder.join("part");
    fs::write(&part, &whole[..123_456]).unwrap();
    let limit = PATIENCE.as_secs().to_string();
    let done = Command::new("curl")
        .args(["-sS", "--max-time", &limit, "-C", "-", "--unix-socket"])
        .arg(&socket)
        .arg("-o")
        .arg(&part)
        .args([
            "-w",
            "%{http_code} %{size_download}",
            "http://localhost/a%20b.bin",
        ])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "206 376544",
        "{done:?}"
    );
    assert!(fs::read(&part).unwrap() == whole);
}
