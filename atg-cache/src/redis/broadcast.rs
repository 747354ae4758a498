//! Invalidations told to other processes, and heard from them.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{Client, Msg, RedisResult};
use atg_core::{Cache, Invalidation};
use bytes::Bytes;
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long connecting, and the answer to a sign of life, may take.
const ANSWER: Duration = Duration::from_secs(5);
/// After so long without a message the connection is tried.
const QUIET: Duration = Duration::from_secs(15);

/// What another process did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heard {
    /// It invalidated this.
    Invalidated(Invalidation),
    /// It cleared everything, or it may have done anything: it could not be heard for a while.
    Everything,
}

impl Heard {
    /// What it invalidated; `None` where that may be anything. As [`Cache::heard`] and
    /// [`LoadingCache::heard`](crate::LoadingCache::heard) want it.
    pub fn invalidation(&self) -> Option<&Invalidation> {
        match self {
            Self::Invalidated(what) => Some(what),
            Self::Everything => None,
        }
    }
}

/// A task that listens until this is dropped.
#[derive(Debug)]
#[must_use = "it stops listening when it is dropped"]
pub struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is sent.
#[derive(Debug, Serialize, Deserialize)]
struct Message {
    /// Who sent it, who need not hear it.
    from: u64,
    what: What,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Key(String),
    Glob(String),
    Tag(String),
    Everything,
}

impl From<Option<&Invalidation>> for What {
    fn from(what: Option<&Invalidation>) -> Self {
        match what {
            Some(Invalidation::Key(key)) => Self::Key(key.clone()),
            Some(Invalidation::Glob(glob)) => Self::Glob(glob.clone()),
            Some(Invalidation::Tag(tag)) => Self::Tag(tag.clone()),
            None => Self::Everything,
        }
    }
}

impl From<What> for Heard {
    fn from(what: What) -> Self {
        Self::Invalidated(match what {
            What::Key(key) => Invalidation::Key(key),
            What::Glob(glob) => Invalidation::Glob(glob),
            What::Tag(tag) => Invalidation::Tag(tag),
            What::Everything => return Self::Everything,
        })
    }
}

/// A message; without an invalidation it says that everything was cleared.
pub(crate) fn message(from: u64, what: Option<&Invalidation>) -> String {
    // Text and numbers can always be written.
    serde_json::to_string(&Message { from, what: what.into() }).unwrap_or_default()
}

/// What a message says; `None` if it is one's own. One that cannot be read may say anything.
fn heard(payload: &[u8], own: u64) -> Option<Heard> {
    match serde_json::from_slice::<Message>(payload) {
        Ok(message) if message.from == own => None,
        Ok(message) => Some(message.what.into()),
        Err(_) => Some(Heard::Everything),
    }
}

/// Where to listen, and who listens.
pub(crate) struct Ear {
    pub(crate) client: Client,
    pub(crate) address: String,
    pub(crate) channel: String,
    pub(crate) own: u64,
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Ear {
    /// Listens in a task of its own, and connects again for ever.
    pub(crate) fn listen<F, Fut>(self, tell: F) -> Listening
    where
        F: Fn(Heard) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Listening(tokio::spawn(async move {
            let mut failures = 0;
            loop {
                if self.until_it_breaks(&tell).await.is_ok() {
                    failures = 0;
                }
                if failures == 0 {
                    tracing::warn!(server = self.address, "Redis's invalidations are not heard");
                }
                sleep(backoff(failures)).await;
                failures = failures.saturating_add(1);
            }
        }))
    }

    /// An error if it could not connect.
    async fn until_it_breaks<F, Fut>(&self, tell: &F) -> Result<(), ()>
    where
        F: Fn(Heard) -> Fut,
        Fut: Future<Output = ()>,
    {
        let connecting = async {
            let mut subscription = self.client.get_async_pubsub().await?;
            subscription.subscribe(&self.channel).await?;
            RedisResult::Ok(subscription)
        };
        let subscription = timeout(ANSWER, connecting).await.map_err(drop)?.map_err(drop)?;
        tracing::info!(server = self.address, "Redis's invalidations are heard");
        let (mut sink, mut messages) = subscription.split();
        // What was said before nobody heard.
        tell(Heard::Everything).await;
        loop {
            match timeout(QUIET, messages.next()).await {
                Ok(Some(message)) => self.pass(&message, tell).await,
                Ok(None) => return Ok(()),
                Err(_) => {
                    let alive = timeout(ANSWER, sink.ping::<::redis::Value>()).await;
                    if !matches!(alive, Ok(Ok(_))) {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn pass<F, Fut>(&self, message: &Msg, tell: &F)
    where
        F: Fn(Heard) -> Fut,
        Fut: Future<Output = ()>,
    {
        if let Some(heard) = heard(message.get_payload_bytes(), self.own) {
            tell(heard).await;
        }
    }
}

/// Passes what is heard on to a tier.
pub(crate) async fn forward(upper: Arc<dyn Cache<Bytes>>, heard: Heard) {
    upper.heard(heard.invalidation()).await;
}

/// How long to wait after so many failures: 100 ms, twice as long each time, at most 5 s.
fn backoff(failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures);
    Duration::from_millis(100).saturating_mul(factor).min(Duration::from_secs(5))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use atg_core::Invalidation;

    use super::{Heard, backoff, heard, message};

    #[test]
    fn messages_are_heard_by_others() {
        for what in [
            Invalidation::Key("a".to_owned()),
            Invalidation::Glob("a*".to_owned()),
            Invalidation::Tag("\"ä\"".to_owned()),
        ] {
            let sent = message(u64::MAX, Some(&what));
            assert_eq!(heard(sent.as_bytes(), 1), Some(Heard::Invalidated(what)));
            assert_eq!(heard(sent.as_bytes(), u64::MAX), None);
        }
        assert_eq!(heard(message(1, None).as_bytes(), 2), Some(Heard::Everything));
        assert_eq!(heard(b"{", 2), Some(Heard::Everything));
    }

    #[test]
    fn waiting_doubles_up_to_a_limit() {
        let waits: Vec<u128> = (0..8).map(|failures| backoff(failures).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(backoff(u32::MAX), Duration::from_secs(5));
    }
}
