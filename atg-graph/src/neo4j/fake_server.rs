//! A Bolt server for tests that answers as it is told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the client sends, as far as tests tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Hello,
    Reset,
    Begin,
    Run,
    Discard,
    Commit,
    Rollback,
    /// The client closed the connection.
    Gone,
    Other,
}

/// What the server does about a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Success,
    /// Fails with this code; what follows is ignored until a reset.
    Failure(&'static str),
    /// Does not answer.
    Silence,
    /// Closes the connection.
    Close,
}

type Script = Arc<Mutex<dyn FnMut(Message) -> Answer + Send>>;

/// A server at a port of its own, for as long as the test's runtime lives.
pub(super) struct FakeServer {
    port: u16,
    log: Arc<Mutex<Vec<Message>>>,
}

impl FakeServer {
    /// Serves every connection; `script` is asked about each message that is not ignored.
    pub(super) async fn start(script: impl FnMut(Message) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::<Mutex<Vec<_>>>::default();
        let script: Script = Arc::new(Mutex::new(script));
        let served = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&served)));
            }
        });
        Self { port, log }
    }

    pub(super) fn uri(&self) -> String {
        format!("bolt://127.0.0.1:{}", self.port)
    }

    /// All messages so far, in the order of their arrival.
    pub(super) fn log(&self) -> Vec<Message> {
        self.log.lock().unwrap().clone()
    }

    /// Waits, a minute at most, until a message has come.
    pub(super) async fn until(&self, message: Message) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.log().contains(&message) {
            assert!(Instant::now() < deadline, "no {message:?} in {:?}", self.log());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn serve(mut stream: TcpStream, script: Script, log: Arc<Mutex<Vec<Message>>>) -> Option<()> {
    let mut greeting = [0; 20];
    stream.read_exact(&mut greeting).await.ok()?;
    stream.write_all(&[0, 0, 4, 4]).await.ok()?;
    let mut failed = false;
    loop {
        let message = received(&mut stream).await.unwrap_or(Message::Gone);
        log.lock().unwrap().push(message);
        if message == Message::Gone {
            return None;
        }
        failed &= message != Message::Reset;
        if failed {
            send(&mut stream, &[0xb0, 0x7e]).await?;
            continue;
        }
        let answer = script.lock().unwrap()(message);
        match answer {
            Answer::Success if message == Message::Hello => {
                send(&mut stream, b"\xb1\x70\xa2\x86server\x8bNeo4j/4.4.0\x8dconnection_id\x81c")
                    .await?;
            }
            Answer::Success => send(&mut stream, &[0xb1, 0x70, 0xa0]).await?,
            Answer::Failure(code) => {
                failed = true;
                let mut bytes = b"\xb1\x7f\xa2\x84code\xd0".to_vec();
                bytes.push(u8::try_from(code.len()).unwrap());
                bytes.extend_from_slice(code.as_bytes());
                bytes.extend_from_slice(b"\x87message\x84fake");
                send(&mut stream, &bytes).await?;
            }
            Answer::Silence => {}
            Answer::Close => return None,
        }
    }
}

/// The next message; `None` when the client has gone.
async fn received(stream: &mut TcpStream) -> Option<Message> {
    let mut bytes = Vec::new();
    loop {
        let length = stream.read_u16().await.ok()?;
        if length == 0 && !bytes.is_empty() {
            break;
        }
        let start = bytes.len();
        bytes.resize(start + usize::from(length), 0);
        stream.read_exact(&mut bytes[start..]).await.ok()?;
    }
    Some(match bytes[1] {
        0x01 => Message::Hello,
        0x0f => Message::Reset,
        0x10 => Message::Run,
        0x11 => Message::Begin,
        0x12 => Message::Commit,
        0x13 => Message::Rollback,
        0x2f => Message::Discard,
        _ => Message::Other,
    })
}

async fn send(stream: &mut TcpStream, message: &[u8]) -> Option<()> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    // In one piece: the client acknowledges small ones late.
    stream.write_all(&[&length, message, &[0, 0]].concat()).await.ok()
}
