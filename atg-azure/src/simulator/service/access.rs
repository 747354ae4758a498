//! [`Access`]: who may read what.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::answer::Failure;
use super::call::{Call, Token};

/// Which tokens are good, and what they do not open.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// The only good token; any where `None`.
    pub(crate) expected: Option<Token>,
    /// How many requests a token lives.
    pub(crate) lifetime: Option<u64>,
    /// Types that may not be read, in lower case.
    pub(crate) denied_types: HashSet<String>,
    /// Numbers of the subscriptions that may not be read.
    pub(crate) denied_subscriptions: HashSet<u32>,
    used: Mutex<HashMap<Token, u64>>,
}

impl Access {
    /// The principal of a call, where it may come in; counts a use of its token.
    pub(crate) fn principal(&self, call: &Call) -> Result<Token, Failure> {
        let token = call.token.ok_or_else(|| {
            let message = "There is no bearer token in the 'Authorization' header.";
            Failure::unauthenticated("AuthenticationFailed", message)
        })?;
        if self.expected.is_some_and(|expected| expected != token) {
            let message = "This access token is not one of this tenant.";
            return Err(Failure::unauthenticated("InvalidAuthenticationToken", message));
        }
        if let Some(lifetime) = self.lifetime {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            let count = used.entry(token).or_default();
            if *count >= lifetime {
                return Err(expired());
            }
            *count += 1;
        }
        Ok(token)
    }

    pub(crate) fn denies_type(&self, resource_type: &str) -> bool {
        !self.denied_types.is_empty()
            && self.denied_types.contains(&resource_type.to_ascii_lowercase())
    }

    pub(crate) fn denies_subscription(&self, number: u32) -> bool {
        self.denied_subscriptions.contains(&number)
    }
}

/// The failure of a token past its life.
pub(crate) fn expired() -> Failure {
    let message = "This access token has expired; ask for a new one.";
    Failure::unauthenticated("ExpiredAuthenticationToken", message)
}
