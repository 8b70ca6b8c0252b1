//! A site that is served on a thread of its own.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use sockeye_net::server::Limits;
use sockeye_net::{Layers, Listening, Tap, listen};
use sockeye_serve::http::Site;
use sockeye_serve::{Post, Served, Serving};
use tokio::sync::oneshot;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Served>>,
}

impl Server {
    pub(crate) fn of(site: Site) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let address = "tcp://127.0.0.1:0".parse().unwrap();
                let listener = listen(&address, &Listening::new(Tap::off())).await.unwrap();
                let post = Post::http(Arc::new(site), listener, Layers::default()).unwrap();
                tell.send(post.local_addresses()[0].inet().unwrap())
                    .unwrap();
                let how = Serving {
                    limits: Limits::new(100, PATIENCE),
                    idle: None,
                };
                post.serve(&how, async {
                    let _ = stopped.await;
                })
                .await
            })
        });
        Self {
            at: told.recv_timeout(PATIENCE).unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// What it did, once it has ended.
    pub(crate) fn end(mut self) -> Served {
        self.stop();
        self.thread.take().unwrap().join().unwrap()
    }
}
