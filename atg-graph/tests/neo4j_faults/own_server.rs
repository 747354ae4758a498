//! Servers of the tests' own, by `scripts/neo4j`.

use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Command, Stdio};

use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio::task::spawn_blocking;

use crate::server::{Server, has_servers};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/neo4j");

const USER: &str = "neo4j";
pub(crate) const PASSWORD: &str = "s3cret-of-the-tests";

/// A server that goes, data and all, with this value or the process, however that ends.
pub(crate) struct OwnServer {
    pub(crate) server: Server,
    _stop_when_closed: ChildStdin,
}

impl OwnServer {
    /// A new server with these options of the script's.
    pub(crate) async fn start(options: &[&str]) -> Self {
        let uri = start("0", options).await;
        let asks = options.contains(&"--auth");
        let (user, password) = if asks { (USER, PASSWORD) } else { ("", "") };
        let stop_when_closed = guard(port(&uri));
        Self { server: Server { uri, user, password }, _stop_when_closed: stop_when_closed }
    }

    /// A new server that cannot write files larger than so many KiB; `None` where it runs in a
    /// container, which such limits do not reach.
    pub(crate) async fn with_files_of(kib: u32) -> Option<Self> {
        let limited = format!("ulimit -S -f {kib}; exec \"$0\" start --port 0 --heap 512m 2>&1");
        let mut command = Command::new("bash");
        command.args(["-c", &limited, SCRIPT]);
        let output = spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        let uri = said.lines().last().unwrap().to_owned();
        let stop_when_closed = guard(port(&uri));
        let server = Server { uri, user: "", password: "" };
        said.contains("with java").then_some(Self { server, _stop_when_closed: stop_when_closed })
    }

    /// Starts it again, on the same port and data.
    pub(crate) async fn start_again(&self, options: &[&str]) {
        assert_eq!(start(self.port(), options).await, self.server.uri);
    }

    /// Kills it; it keeps its data.
    pub(crate) async fn kill(&self) {
        script(&["kill", "--port", self.port()]).await;
    }

    /// Stops it in good order; it keeps its data.
    pub(crate) async fn stop(&self) {
        script(&["stop", "--keep", "--port", self.port()]).await;
    }

    fn port(&self) -> &str {
        port(&self.server.uri)
    }
}

fn port(uri: &str) -> &str {
    uri.rsplit(':').next().unwrap()
}

async fn start(port: &str, options: &[&str]) -> String {
    let said = script(&[&["start", "--port", port, "--heap", "512m"], options].concat()).await;
    said.lines().last().unwrap().to_owned()
}

async fn script(arguments: &[&str]) -> String {
    let mut command = Command::new(SCRIPT);
    command.args(arguments).stderr(Stdio::inherit());
    let output = spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "scripts/neo4j {arguments:?} failed");
    String::from_utf8(output.stdout).unwrap()
}

/// A process that stops the server once what is returned is closed: nothing else outlives a test
/// process that is killed.
fn guard(port: &str) -> ChildStdin {
    let mut command = Command::new("sh");
    command.args(["-c", "cat >/dev/null; exec \"$0\" stop --port \"$1\"", SCRIPT, port]);
    // Apart from this terminal's signals.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().unwrap().stdin.unwrap()
}

/// A server that several tests use one after the other: it asks for a password, and its
/// transactions have little memory.
pub(crate) async fn confined_server() -> Option<(&'static Server, MutexGuard<'static, ()>)> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    static SERVER: OnceCell<OwnServer> = OnceCell::const_new();
    if !has_servers() {
        return None;
    }
    let alone = ALONE.lock().await;
    let auth = format!("{USER}/{PASSWORD}");
    let options = [
        &["--auth", &auth][..],
        &["--set", "dbms.memory.transaction.total.max=32m"],
        // Nobody is locked out after wrong ones.
        &["--set", "dbms.security.auth_max_failed_attempts=0"],
    ];
    let options = options.concat();
    let own = SERVER.get_or_init(|| OwnServer::start(&options)).await;
    own.server.clear().await;
    Some((&own.server, alone))
}
