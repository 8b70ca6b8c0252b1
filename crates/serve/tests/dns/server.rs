//! A DNS server of ours on a thread of its own, while a test talks to it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use sockeye_net::server::Limits;
use sockeye_net::{Layers, Listening, Tap, listen};
use sockeye_serve::dns::{Zone, Zones};
use sockeye_serve::{Post, Served, Serving};
use tokio::sync::oneshot;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Zones on a socket of their own; it stops when dropped.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Served>>,
}

impl Server {
    /// Serves on `tcp` or `udp`, on a port that the system chooses unless one is given.
    pub(crate) fn start(
        zones: &Arc<Zones>,
        scheme: &str,
        port: u16,
        idle: Option<Duration>,
    ) -> Self {
        Self::told(zones, scheme, port, idle, Tap::off())
    }

    /// The same with views.
    pub(crate) fn told(
        zones: &Arc<Zones>,
        scheme: &str,
        port: u16,
        idle: Option<Duration>,
        tap: Tap,
    ) -> Self {
        let address = format!("{scheme}://127.0.0.1:{port}").parse().unwrap();
        let zones = Arc::clone(zones);
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = listen(&address, &Listening::new(tap)).await.unwrap();
                let post = Post::dns(zones, listener, Layers::default()).unwrap();
                tell.send(post.local_addresses()[0].inet().unwrap())
                    .unwrap();
                let how = Serving {
                    limits: Limits::new(100, Duration::ZERO),
                    idle,
                };
                let stopped = async {
                    let _ = stopped.await;
                };
                post.serve(&how, stopped).await
            })
        });
        Self {
            at: told.recv_timeout(PATIENCE).unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Stops it, and says what it did.
    pub(crate) fn stop(mut self) -> Served {
        self.end().unwrap()
    }

    fn end(&mut self) -> Option<Served> {
        let _ = self.stop.take()?.send(());
        self.thread.take()?.join().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// A zone file of the tests.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/zones")
        .join(name)
}

/// The server of these zone files.
pub(crate) fn zones(files: &[PathBuf]) -> Arc<Zones> {
    let zones = files.iter().map(|file| Zone::read(file, None).unwrap());
    Arc::new(Zones::new(zones).unwrap())
}

/// Says why a test is left out; where nothing may be, that is a failure.
pub(crate) fn skipped(why: &str) {
    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
    eprintln!("skipped: {why}");
}
