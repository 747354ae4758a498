//! [`Transport`]: how a request reaches Azure, or whatever stands in for it.

use async_trait::async_trait;
use atg_core::Result;
use bytes::Bytes;

/// Carries one HTTP request to Azure and its answer back.
///
/// - An answer of any status is `Ok`; an error means that no whole answer came.
/// - The body is complete and decoded: `content-encoding` has been undone.
/// - Redirects are not followed; cookies are not kept; nothing is retried here.
/// - Cancel safe: dropping the future abandons the request.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request and waits for the whole answer.
    ///
    /// # Errors
    /// `Unavailable` where the connection fails, `Timeout` where no answer came in time,
    /// `InvalidData` where the body cannot be decoded or exceeds the transport's bound.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        (**self).send(request).await
    }
}
