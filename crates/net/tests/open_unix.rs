//! UNIX sockets: who may take a path, what is left on the way out, and names of every length.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod open_scene;

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::time::Duration;

use open_scene::{Folder, Kept, address, in_loop, quiet, silent};
use sockeye_local::PathState;
use sockeye_model::{
    Address, BindTo, Call, Errno, Options, Scheme, SocketAddress, SocketOption, Target, UnixName,
};
use sockeye_net::{Dialing, Listening, OpenError, Reach, dial, listen};

fn unix(path: &Path) -> Address {
    on(Scheme::Unix, path)
}

fn on(scheme: Scheme, path: &Path) -> Address {
    Address::new(scheme, Target::Unix(UnixName::Path(path.to_owned())))
}

fn with(mut address: Address, option: SocketOption) -> Address {
    address.options = Options::from_iter([option]);
    address
}

fn abstract_name(scheme: Scheme, name: &[u8]) -> Address {
    Address::new(scheme, Target::Unix(UnixName::Abstract(name.to_vec())))
}

fn refused(result: Result<sockeye_net::Listener, OpenError>) -> PathState {
    let error = result.unwrap_err();
    assert_eq!(error.cause(), Some((Call::Bind, Errno::EADDRINUSE)));
    match error {
        OpenError::PathInUse { why, .. } => why,
        other => panic!("{other}"),
    }
}

#[test]
fn a_dead_programs_path_makes_room_and_the_listener_takes_its_own_file_with_it() {
    let folder = Folder::new("stale");
    let path = folder.join("s");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let (kept, tap, viewer) = Kept::start();
    in_loop(async {
        let listener = listen(&unix(&path), &Listening::new(tap.clone()))
            .await
            .unwrap();
        assert_eq!(listener.reach(), Reach::ThisMachine);
        let local = SocketAddress::UnixPath(path.as_path().into());
        assert_eq!(listener.local_addresses(), [local]);
        let client = dial(&unix(&path), &quiet()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        drop(accepted);
        assert_eq!(client.socket.recv(&mut [0; 9]).await.unwrap(), 0);
    });
    assert!(!path.exists());
    let name = path.display();
    assert_eq!(
        kept.story(viewer),
        format!(
            "#1 socket, #1 unlinked, #1 bound({name}), #1 listening, #2 accepted, #2 closed, #1 unlinked, #1 closed"
        )
    );
}

#[test]
fn a_running_servers_path_is_refused_and_it_goes_on_serving() {
    let folder = Folder::new("live");
    let path = folder.join("s");
    in_loop(async {
        let first = listen(&unix(&path), &silent()).await.unwrap();
        let why = refused(listen(&unix(&path), &silent()).await);
        assert!(matches!(why, PathState::Live { .. }), "{why:?}");
        let _client = dial(&unix(&path), &quiet()).await.unwrap();
        first.accept().await.unwrap();
        // Bound and not yet listening refuses clients, and is alive all the same.
        let bound = folder.join("bound");
        let _socket = UnixDatagram::bind(&bound).unwrap();
        let why = refused(listen(&unix(&bound), &silent()).await);
        assert!(matches!(why, PathState::Live { .. }), "{why:?}");
    });
}

#[test]
fn a_regular_file_and_a_symbolic_link_are_refused_and_stay() {
    let folder = Folder::new("files");
    let file = folder.join("notes.txt");
    std::fs::write(&file, "keep me").unwrap();
    let dead = folder.join("dead");
    drop(UnixListener::bind(&dead).unwrap());
    let link = folder.join("link");
    std::os::unix::fs::symlink(&dead, &link).unwrap();
    in_loop(async {
        let why = refused(listen(&unix(&file), &silent()).await);
        assert!(matches!(why, PathState::NotASocket(_)), "{why:?}");
        let why = refused(listen(&unix(&link), &silent()).await);
        assert!(matches!(why, PathState::Symlink { .. }), "{why:?}");
    });
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "keep me");
    assert!(link.is_symlink());
    assert!(std::fs::metadata(&dead).unwrap().file_type().is_socket());
}

#[test]
fn on_the_way_out_another_programs_file_stays() {
    let folder = Folder::new("other");
    let path = folder.join("s");
    in_loop(async {
        let first = listen(&unix(&path), &silent()).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        let second = UnixListener::bind(&path).unwrap();
        drop(first);
        assert!(path.exists());
        let _client = dial(&unix(&path), &quiet()).await.unwrap();
        second.accept().unwrap();
        // Nor does a path that is gone, or became a regular file, matter.
        let third = listen(&unix(&folder.join("t")), &silent()).await.unwrap();
        std::fs::remove_file(folder.join("t")).unwrap();
        std::fs::write(folder.join("t"), "new").unwrap();
        drop(third);
    });
    assert_eq!(std::fs::read_to_string(folder.join("t")).unwrap(), "new");
}

#[test]
fn whoever_takes_the_sockets_takes_the_file_too() {
    let folder = Folder::new("into");
    let path = folder.join("s");
    in_loop(async {
        let listener = listen(&on(Scheme::UnixDgram, &path), &silent())
            .await
            .unwrap();
        let (sockets, file) = listener.into_sockets();
        assert_eq!(file.as_ref().unwrap().path(), path);
        assert!(path.exists());
        drop(file);
        assert!(!path.exists());
        drop(sockets);
    });
}

#[test]
fn a_relative_path_is_still_ours_after_a_change_of_directory() {
    const CHILD: &str = "SOCKEYE_TEST_CHDIR";
    let Some(folder) = std::env::var_os(CHILD) else {
        // The working directory is the whole process's.
        let folder = Folder::new("chdir");
        std::fs::create_dir(folder.join("elsewhere")).unwrap();
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_relative_path_is_still_ours_after_a_change_of_directory",
            ])
            .env(CHILD, &folder.0)
            .current_dir(&folder.0)
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{output}");
        assert!(output.contains("1 passed"), "{output}");
        return;
    };
    let folder = Path::new(&folder);
    in_loop(async {
        let listener = listen(&unix(Path::new("s")), &silent()).await.unwrap();
        assert!(folder.join("s").exists());
        std::env::set_current_dir(folder.join("elsewhere")).unwrap();
        drop(listener);
        assert!(!folder.join("s").exists());
    });
}

#[test]
fn the_mode_is_exact_whatever_the_umask_is() {
    const CHILD: &str = "SOCKEYE_TEST_UMASK";
    if std::env::var_os(CHILD).is_none() {
        // The umask is the whole process's.
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_mode_is_exact_whatever_the_umask_is"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{output}");
        assert!(output.contains("1 passed"), "{output}");
        return;
    }
    let folder = Folder::new("mode");
    in_loop(async {
        for umask in [0o000, 0o022, 0o777] {
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
            for (scheme, mode) in [
                (Scheme::Unix, 0o600),
                (Scheme::UnixDgram, 0o666),
                (Scheme::UnixSeqpacket, 0o060),
            ] {
                let path = folder.join("s");
                let address = with(on(scheme, &path), SocketOption::Mode(mode));
                let _listener = listen(&address, &silent()).await.unwrap();
                let found = std::fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(found & 0o7777, mode, "umask {umask:o}");
            }
        }
    });
}

/// The kernel gives the file the socket's own mode: seen here without the correction that comes after bind.
#[test]
fn a_file_is_narrow_from_its_first_moment() {
    use rustix::fs::{Mode, fchmod};
    let folder = Folder::new("narrow");
    let path = folder.join("s");
    let socket =
        sockeye_net::Socket::new(sockeye_net::Family::Unix, sockeye_net::Type::Stream).unwrap();
    fchmod(&socket, Mode::from_raw_mode(0o600)).unwrap();
    socket
        .bind(SocketAddress::UnixPath(path.as_path().into()))
        .unwrap();
    let found = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(found & 0o177, 0, "{found:o}");
}

#[test]
fn paths_of_107_108_109_and_300_bytes_are_served_and_found_under_their_own_name() {
    let folder = Folder::new("long");
    in_loop(async {
        for len in [107, 108, 109, 300] {
            let mut path = folder.0.clone();
            while path.as_os_str().len() + 60 < len {
                path.push("d".repeat(50));
            }
            std::fs::create_dir_all(&path).unwrap();
            let path = path.join("x".repeat(len - path.as_os_str().len() - 1));
            assert_eq!(path.as_os_str().as_bytes().len(), len);
            for scheme in [Scheme::Unix, Scheme::UnixDgram, Scheme::UnixSeqpacket] {
                let listener = listen(&on(scheme, &path), &silent()).await.unwrap();
                assert!(path.exists(), "{len}: {scheme} listens elsewhere");
                let client = dial(&on(scheme, &path), &quiet()).await.unwrap();
                client.socket.send(b"hola").await.unwrap();
                let why = refused(listen(&on(scheme, &path), &silent()).await);
                assert!(matches!(why, PathState::Live { .. }), "{why:?}");
                drop(listener);
                assert!(!path.exists(), "{len}: {scheme} left its file");
            }
        }
        let name = folder.join(&"x".repeat(200));
        let error = listen(&unix(&name), &silent()).await.unwrap_err();
        assert_eq!(error.cause(), Some((Call::Bind, Errno::ENAMETOOLONG)));
    });
}

#[test]
fn an_abstract_name_may_hold_any_byte_and_has_107_of_them() {
    in_loop(async {
        let id = std::process::id().to_be_bytes();
        let short = [b"a\0b\xff".as_slice(), &id].concat();
        let mut long = vec![0; 103];
        long.extend(id);
        for name in [short, long.clone()] {
            for scheme in [Scheme::Unix, Scheme::UnixDgram, Scheme::UnixSeqpacket] {
                let address = abstract_name(scheme, &name);
                let listener = listen(&address, &silent()).await.unwrap();
                let local = SocketAddress::UnixAbstract(name.as_slice().into());
                assert_eq!(listener.local_addresses(), std::slice::from_ref(&local));
                let client = dial(&address, &quiet()).await.unwrap();
                assert_eq!(client.socket.peer_address().unwrap(), local);
                let busy = listen(&address, &silent()).await.unwrap_err();
                assert_eq!(busy.cause(), Some((Call::Bind, Errno::EADDRINUSE)));
            }
        }
        // A name is not what it begins with.
        long.pop();
        let error = dial(&abstract_name(Scheme::Unix, &long), &quiet())
            .await
            .unwrap_err();
        assert_eq!(error.cause(), Some((Call::Connect, Errno::ECONNREFUSED)));
        let too_long = abstract_name(Scheme::Unix, &[b'x'; 108]);
        let error = listen(&too_long, &silent()).await.unwrap_err();
        assert_eq!(error.cause(), Some((Call::Bind, Errno::ENAMETOOLONG)));
    });
}

#[test]
fn a_datagram_client_can_be_answered() {
    let folder = Folder::new("dgram");
    let path = folder.join("s");
    in_loop(async {
        let listener = listen(&on(Scheme::UnixDgram, &path), &silent())
            .await
            .unwrap();
        let server = &listener.sockets()[0];
        let own = folder.join("client");
        let named = SocketOption::Bind(BindTo::Unix(UnixName::Path(own.clone())));
        for address in [
            on(Scheme::UnixDgram, &path),
            with(on(Scheme::UnixDgram, &path), named),
        ] {
            let client = dial(&address, &quiet()).await.unwrap();
            assert_eq!(client.path.is_some(), own.exists());
            client.socket.send(b"?").await.unwrap();
            let (_, peer) = server.recv_from(&mut [0; 8]).await.unwrap();
            assert_ne!(peer, SocketAddress::UnixUnnamed);
            server.send_to(b"yes", &peer).await.unwrap();
            assert_eq!(client.socket.recv(&mut [0; 8]).await.unwrap(), 3);
        }
        assert!(!own.exists(), "the client left its file");
    });
}

#[test]
fn a_server_that_never_accepts_is_given_up_at_the_deadline() {
    let folder = Folder::new("full");
    let path = folder.join("s");
    let (kept, tap, viewer) = Kept::start();
    in_loop(async {
        let address = with(unix(&path), SocketOption::Backlog(0));
        let _listener = listen(&address, &silent()).await.unwrap();
        let _first = dial(&unix(&path), &quiet()).await.unwrap();
        let how = Dialing {
            timeout: Duration::from_millis(60),
            ..Dialing::new(tap.clone())
        };
        let error = dial(&unix(&path), &how).await.unwrap_err();
        assert_eq!(error.cause(), Some((Call::Connect, Errno::ETIMEDOUT)));
        assert!(error.may_pass());
    });
    let name = path.display();
    assert_eq!(
        kept.story(viewer),
        format!("#1 socket, #1 connecting({name}), #1 failed(connect,ETIMEDOUT), #1 closed")
    );
}

#[test]
fn nobody_there_and_no_such_path_are_two_errors() {
    let folder = Folder::new("absent");
    let dead = folder.join("dead");
    drop(UnixListener::bind(&dead).unwrap());
    in_loop(async {
        for (path, errno) in [
            (dead.clone(), Errno::ECONNREFUSED),
            (folder.join("absent"), Errno::ENOENT),
        ] {
            let error = dial(&unix(&path), &quiet()).await.unwrap_err();
            assert_eq!(error.cause(), Some((Call::Connect, errno)));
        }
        let listener = listen(&on(Scheme::UnixDgram, &folder.join("d")), &silent())
            .await
            .unwrap();
        let error = dial(&unix(&folder.join("d")), &quiet()).await.unwrap_err();
        assert_eq!(error.cause(), Some((Call::Connect, Errno::EPROTOTYPE)));
        drop(listener);
        let target = address("unix:/no/such/folder/s");
        let error = listen(&target, &silent()).await.unwrap_err();
        assert_eq!(error.cause(), Some((Call::Bind, Errno::ENOENT)));
    });
}
