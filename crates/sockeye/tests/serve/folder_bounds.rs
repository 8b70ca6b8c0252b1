//! A folder over HTTP gives nothing that is outside of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::server::scratch;
use crate::web::{files, get, raw};

const SECRET: &str = "the secret outside";

/// `site` to be served, and `outside` beside it.
fn scene(name: &str) -> (PathBuf, PathBuf) {
    let folder = scratch(name);
    let _ = fs::remove_dir_all(&folder);
    let (site, outside) = (folder.join("site"), folder.join("outside"));
    fs::create_dir_all(site.join("sub")).unwrap();
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("file"), SECRET).unwrap();
    fs::write(site.join("inside"), "inside").unwrap();
    (site, outside)
}

#[test]
fn no_way_of_writing_a_path_leads_out() {
    let (site, outside) = scene("paths");
    let (_server, at) = files(&site, &["--hidden"]);
    let whole = outside.join("file");
    let whole = whole.to_str().unwrap();
    let mut paths = vec![
        whole.to_owned(),
        format!("/{whole}"),
        format!("//{whole}"),
        format!("/%2f{whole}"),
    ];
    for up in [
        "..",
        "%2e%2e",
        "%2E.",
        ".%2e",
        "%252e%252e",
        "..%00",
        "..%5c",
        "%c0%ae%c0%ae",
        "...",
        "..;",
    ] {
        for slash in ["/", "%2f", "%2F", "%5c", "%252f", "//", "/./"] {
            paths.push(format!("/{up}{slash}outside{slash}file"));
            paths.push(format!(
                "/sub{slash}{up}{slash}{up}{slash}outside{slash}file"
            ));
        }
    }
    for path in paths {
        let got = get(at, &path);
        assert!(matches!(got.status, 400 | 404), "{path}: {}", got.status);
        assert!(!got.text().contains(SECRET), "{path}");
    }
    // The absolute form, and a target that is no path.
    for target in [
        format!("http://localhost{whole}"),
        "*".to_owned(),
        "x".to_owned(),
    ] {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let came = String::from_utf8_lossy(&raw(at, request.as_bytes())).into_owned();
        assert!(came.starts_with("HTTP/1.1 4"), "{target}: {came}");
    }
}

#[test]
fn a_link_leads_within_the_folder_or_nowhere() {
    let (site, outside) = scene("links");
    symlink("../inside", site.join("sub/within")).unwrap();
    symlink("../../outside/file", site.join("sub/out")).unwrap();
    symlink(outside.join("file"), site.join("absolute")).unwrap();
    symlink("../outside", site.join("folder")).unwrap();
    symlink("/", site.join("top")).unwrap();
    symlink("/proc/self/root", site.join("magic")).unwrap();
    symlink("sub/out", site.join("twice")).unwrap();
    symlink("loop", site.join("loop")).unwrap();
    let (_server, at) = files(&site, &[]);
    assert_eq!(get(at, "/sub/within").text(), "inside");
    let whole = outside.join("file").to_str().unwrap().to_owned();
    for path in [
        "/sub/out",
        "/absolute",
        "/folder/file",
        "/folder/",
        "/top/",
        "/twice",
        "/loop",
        &format!("/top{whole}"),
        &format!("/magic{whole}"),
        "/magic/etc/passwd",
    ] {
        let got = get(at, path);
        assert_eq!(got.status, 404, "{path}");
        assert!(!got.text().contains(SECRET), "{path}");
    }
    let page = get(at, "/").text();
    for name in ["absolute", "folder", "top", "magic", "twice", "loop"] {
        assert!(!page.contains(&format!("\"{name}")), "{name} is listed");
    }
}

#[test]
fn a_link_that_changes_while_it_is_followed_leads_out_at_no_moment() {
    let (site, _) = scene("race");
    fs::create_dir_all(site.join("real")).unwrap();
    fs::write(site.join("real/file"), "inside").unwrap();
    symlink("real", site.join("door")).unwrap();
    let (_server, at) = files(&site, &[]);
    let over = AtomicBool::new(false);
    let (mut inside, mut nothing) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (next, door) = (site.join("next"), site.join("door"));
            while !over.load(Ordering::Relaxed) {
                for to in ["../outside", "real"] {
                    symlink(to, &next).unwrap();
                    fs::rename(&next, &door).unwrap();
                }
            }
        });
        for _ in 0..3_000 {
            let got = get(at, "/door/file");
            match got.status {
                200 => inside += 1,
                404 => nothing += 1,
                status => panic!("{status}"),
            }
            if got.text().contains(SECRET) {
                over.store(true, Ordering::Relaxed);
                panic!("it led out");
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(
        inside > 0 && nothing > 0,
        "{inside} inside, {nothing} nothing"
    );
}

#[test]
fn what_is_neither_file_nor_folder_is_not_there() {
    let (site, _) = scene("devices");
    let made = Command::new("mkfifo")
        .arg(site.join("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    let _listener = UnixListener::bind(site.join("socket")).unwrap();
    // Only root may make one; a link to one leads out in any case.
    let device = Command::new("mknod")
        .arg(site.join("zero"))
        .args(["c", "1", "5"])
        .output()
        .unwrap();
    symlink("/dev/zero", site.join("linked")).unwrap();
    let (_server, at) = files(&site, &[]);
    for name in ["pipe", "socket", "zero", "linked"] {
        assert_eq!(get(at, &format!("/{name}")).status, 404, "{name}");
    }
    let page = get(at, "/").text();
    assert!(page.contains("inside") && !page.contains("pipe"), "{page}");
    assert!(!page.contains("zero"), "{:?}", device.status);
}

#[test]
fn a_folder_that_can_not_be_opened_is_a_mistake_of_the_command() {
    for dir in ["/nonexistent", "/etc/hostname"] {
        let done = crate::server::sockeye()
            .args(["serve", "files=:0", "--dir", dir])
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(2), "{done:?}");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(said.contains(dir), "{said}");
    }
}
