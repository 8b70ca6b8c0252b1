//! A service that runs on a thread of its own while a test talks to it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use sockeye_model::{Event, Flow, Kind, Sink, SocketAddress, Tally, Wants};
use sockeye_net::server::Limits;
use sockeye_net::{Layers, Listening, Tap, listen};
use sockeye_serve::{Served, Service, Serving};
use tokio::sync::oneshot;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A service, and where it is.
pub(crate) struct Running {
    pub(crate) at: Vec<SocketAddress>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Served>,
}

impl Running {
    pub(crate) fn start(service: Service, address: &str) -> Self {
        Self::start_with(service, address, 1000, None)
    }

    pub(crate) fn start_with(
        service: Service,
        address: &str,
        most: usize,
        idle: Option<Duration>,
    ) -> Self {
        Self::tapped(service, address, most, idle, Tap::off())
    }

    fn tapped(
        service: Service,
        address: &str,
        most: usize,
        idle: Option<Duration>,
        tap: Tap,
    ) -> Self {
        let address = address.parse().unwrap();
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = listen(&address, &Listening::new(tap)).await.unwrap();
                let post = service.on(listener, Layers::default()).unwrap();
                tell.send(post.local_addresses().to_vec()).unwrap();
                let how = Serving {
                    limits: Limits::new(most, PATIENCE),
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
            stop,
            thread,
        }
    }

    pub(crate) fn inet(&self) -> Vec<SocketAddr> {
        self.at.iter().filter_map(SocketAddress::inet).collect()
    }

    /// Stops it, lets it drain, and says what it did.
    pub(crate) fn stop(self) -> Served {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap()
    }
}

/// Each event as its socket's number and a word.
type Events = Vec<(u32, String)>;

struct Words(Arc<Mutex<Events>>);

impl Sink for Words {
    fn wants(&self) -> Wants {
        Wants::EACH_IO
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        let word = match &event.kind {
            Kind::Accepted { .. } => "accepted".to_owned(),
            Kind::Waiting { .. } => "waiting".to_owned(),
            Kind::Received { payload, .. } => format!("received {}", payload.len()),
            Kind::Sent { payload, .. } => format!("sent {}", payload.len()),
            Kind::HalfClosed { .. } => "half-closed".to_owned(),
            Kind::Sampled { .. } => "sampled".to_owned(),
            Kind::Closed { .. } => "closed".to_owned(),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push((event.socket.0, word));
        Ok(Flow::Continue)
    }
}

/// Serves over TCP while `talk` runs; what it did, and every event.
pub(crate) fn recorded(service: Service, talk: impl FnOnce(SocketAddr)) -> (Served, Events) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Box::new(Words(Arc::clone(&events)));
    let (tap, viewer) =
        sockeye_tap::start(vec![sink], sockeye_tap::Policy::Lossless, None).unwrap();
    let server = Running::tapped(service, "tcp://127.0.0.1:0", 10, None, tap);
    talk(server.inet()[0]);
    let served = server.stop();
    viewer.finish(Tally::default(), None).unwrap();
    let events = events.lock().unwrap().clone();
    (served, events)
}

/// A directory of this test's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sockeye-serve-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Says why a part of a test is left out; where nothing may be, that is a failure.
pub(crate) fn skipped(why: &str) {
    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
    eprintln!("skipped: {why}");
}
