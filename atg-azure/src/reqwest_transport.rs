//! [`ReqwestTransport`]: real traffic.

use std::time::Duration;

use async_trait::async_trait;
use atg_core::{Error, ErrorKind, Result};
use bytes::{Bytes, BytesMut};

use crate::Transport;

/// Carries requests over HTTPS by the reqwest client: pooled connections, gzip, no redirects.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    longest_body: usize,
}

/// The largest decoded answer taken, by default: four times Resource Graph's own bound of 16 MB.
const LONGEST_BODY: usize = 64 << 20;

impl ReqwestTransport {
    /// A transport with time-outs of 10 s for a connection, 60 s for silence while an answer
    /// arrives and 180 s for the whole answer; answers of up to 64 MiB.
    ///
    /// # Errors
    /// `Internal` where the system gives no TLS.
    pub fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .timeout(Duration::from_secs(180))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("atg/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Internal, "start HTTP client", "TLS cannot be set up")
                    .with_source(error)
            })?;
        Ok(Self::with_client(client))
    }

    /// A transport over a client of the caller's own; it should not follow redirects.
    pub fn with_client(client: reqwest::Client) -> Self {
        Self { client, longest_body: LONGEST_BODY }
    }

    /// The same transport with another bound on an answer, in decoded bytes.
    #[must_use]
    pub fn with_longest_body(mut self, bytes: usize) -> Self {
        self.longest_body = bytes.max(1);
        self
    }

    async fn body(&self, response: &mut reqwest::Response) -> Result<Bytes> {
        let announced = response.content_length().and_then(|n| usize::try_from(n).ok());
        let mut body = BytesMut::with_capacity(announced.unwrap_or(0).min(self.longest_body));
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > self.longest_body {
                return Err(Error::new(
                    ErrorKind::InvalidData,
                    "read answer",
                    format!("the answer is larger than {} bytes", self.longest_body),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut response = self.client.execute(request).await.map_err(failed)?;
        let mut answer = http::Response::new(self.body(&mut response).await?);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

/// Maps reqwest's errors once; the address is dropped, for a query may hold what is private.
fn failed(error: reqwest::Error) -> Error {
    let (kind, message) = if error.is_timeout() {
        (ErrorKind::Timeout, "no answer in time")
    } else if error.is_connect() {
        (ErrorKind::Unavailable, "no connection; check the network, the proxy and the address")
    } else if error.is_builder() {
        (ErrorKind::InvalidInput, "the request cannot be sent")
    } else {
        (ErrorKind::Unavailable, "the answer did not arrive whole")
    };
    Error::new(kind, "send request", message).with_source(error.without_url())
}
