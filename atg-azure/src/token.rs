//! [`TokenSource`]: where the bearer token of a request comes from.

use std::fmt;

use async_trait::async_trait;
use atg_core::{Error, ErrorKind, Result};

/// A bearer token. `Debug` does not show it, and nothing prints it.
#[derive(Clone)]
pub struct AccessToken(String);

impl AccessToken {
    /// A token; surrounding blanks are dropped.
    ///
    /// # Errors
    /// `InvalidInput` where it is empty or holds what a header cannot carry.
    pub fn new(secret: impl Into<String>) -> Result<Self> {
        let secret = secret.into().trim().to_owned();
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "take access token",
                "the access token is empty or holds blanks or control characters",
            ));
        }
        Ok(Self(secret))
    }

    /// The secret itself.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

/// Gives the bearer token for a scope, from wherever sign-in happens.
///
/// - **Caching** and refreshing are the implementation's; it is asked before every request.
/// - **After a 401** it is asked once more with the refused token, so that it can refresh.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token for `scope` (`https://management.azure.com/.default`) that is not `refused`.
    ///
    /// # Errors
    /// `Unauthenticated` where there is none to be had; the message says what to do.
    async fn token(&self, scope: &str, refused: Option<&AccessToken>) -> Result<AccessToken>;
}

#[async_trait]
impl<T: TokenSource + ?Sized> TokenSource for std::sync::Arc<T> {
    async fn token(&self, scope: &str, refused: Option<&AccessToken>) -> Result<AccessToken> {
        (**self).token(scope, refused).await
    }
}

/// One token, obtained elsewhere: `az account get-access-token`.
#[derive(Debug, Clone)]
pub struct StaticToken(AccessToken);

impl StaticToken {
    /// Signs in with this token until Azure refuses it.
    pub fn new(token: AccessToken) -> Self {
        Self(token)
    }
}

#[async_trait]
impl TokenSource for StaticToken {
    async fn token(&self, _scope: &str, refused: Option<&AccessToken>) -> Result<AccessToken> {
        if refused.is_some_and(|refused| refused.0 == self.0.0) {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "sign in",
                "Azure refused the access token (expired, or for another tenant); get a new one: \
                 az account get-access-token",
            ));
        }
        Ok(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessToken, StaticToken};

    #[test]
    fn the_secret_is_never_shown() {
        let token = AccessToken::new(" top-secret\n").unwrap();
        assert_eq!(token.secret(), "top-secret");
        let shown = format!("{token:?} {:?}", StaticToken::new(token.clone()));
        assert!(!shown.contains("top-secret"), "{shown}");
        assert!(AccessToken::new("a b").is_err() && AccessToken::new(" ").is_err());
    }
}
