//! What each of the driver's and the server's failures means, said once.

use std::io;

use atg_core::ErrorKind;

use super::errors::Class;

/// What can be done, which kind of failure it is, and what to say.
pub(super) type Meaning = (Class, ErrorKind, &'static str);

/// What the driver's failure means.
pub(super) fn meaning(error: &neo4rs::Error) -> Meaning {
    use neo4rs::Error as Driver;
    match error {
        Driver::Neo4j(error) => of_code(error.code()),
        Driver::RoutingTableError((code, _)) => of_code(code),
        Driver::AuthenticationError(message) => of_greeting(message),
        Driver::IOError { detail } => of_io(detail.kind()),
        Driver::ConnectionTimedOut => NO_ANSWER,
        Driver::ConnectionError
        | Driver::ConnectionClosed(_)
        | Driver::IncompleteBoltExchange
        | Driver::Ignored(_)
        | Driver::RequestIgnoredError
        | Driver::UnexpectedMessage(_)
        | Driver::RoutingTableRefreshFailed(_) => LOST,
        Driver::ServerUnavailableError(_) => (
            Class::Connection,
            ErrorKind::Unavailable,
            "the server named no member that can do this; check that the database is online, or \
             use bolt:// to reach this one server",
        ),
        Driver::ProtocolMismatch(_) | Driver::UnsupportedVersion(..) => (
            Class::Fatal,
            ErrorKind::InvalidInput,
            "what answers there does not speak Bolt 4; give the Bolt port (7687, not the HTTP \
             port 7474) of Neo4j 4.4 or 5",
        ),
        Driver::InvalidDnsName(_) | Driver::UrlParseError(_) | Driver::UnsupportedScheme(_) => (
            Class::Fatal,
            ErrorKind::InvalidInput,
            "the driver does not accept this address; check scheme and host",
        ),
        Driver::StringTooLong
        | Driver::MapTooBig
        | Driver::BytesTooBig
        | Driver::ListTooLong
        | Driver::WriteError(_) => {
            (Class::Row, ErrorKind::InvalidData, "a value is larger than Bolt can carry")
        }
        _ => (
            Class::Fatal,
            ErrorKind::Internal,
            "the driver did not understand the server's answer; see the cause",
        ),
    }
}

const NO_ANSWER: Meaning =
    (Class::Connection, ErrorKind::Timeout, "no answer in time; check server and network");

const LOST: Meaning = (
    Class::Connection,
    ErrorKind::Unavailable,
    "the connection was lost; check that the server runs, that this is its Bolt port, and that it \
     encrypts where the scheme says so (+s, +ssc), and only there",
);

const REFUSED: Meaning = (
    Class::Connection,
    ErrorKind::Unavailable,
    "the server cannot be reached; check that it runs, its address, and the network between",
);

fn of_io(kind: io::ErrorKind) -> Meaning {
    match kind {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => (
            Class::Fatal,
            ErrorKind::InvalidInput,
            "no encrypted connection came about: the server's certificate is not trusted, or it \
             does not encrypt; use +ssc for a certificate of its own making, or a scheme without \
             +s",
        ),
        io::ErrorKind::TimedOut => NO_ANSWER,
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => LOST,
        _ => REFUSED,
    }
}

const SIGN_IN: Meaning = (
    Class::Fatal,
    ErrorKind::Unauthenticated,
    "the server did not accept user and password; check both, and wait a few seconds after several \
     wrong ones",
);

/// The driver keeps only the text of what the server answers to a greeting.
fn of_greeting(message: &str) -> Meaning {
    let message = message.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    if says(&["unavailable", "not available", "no available", "shutting down"]) {
        UNAVAILABLE
    } else if says(&["memory"]) {
        FULL
    } else {
        SIGN_IN
    }
}

const FULL: Meaning = (
    Class::Connection,
    ErrorKind::ResourceExhausted,
    "the server has no memory for another connection; see what runs there, or raise \
     dbms.memory.transaction.total.max or its heap",
);

const UNAVAILABLE: Meaning = (
    Class::Connection,
    ErrorKind::Unavailable,
    "the server does not serve the database now; it may be starting, stopping, or out of disk \
     space: see its log",
);

fn of_code(code: &str) -> Meaning {
    let mut parts = code.splitn(4, '.').skip(1);
    let [class, category, name] = [(); 3].map(|()| parts.next().unwrap_or_default());
    if name.contains("OutOfMemory") {
        return (
            Class::TooLarge,
            ErrorKind::ResourceExhausted,
            "the server has no memory for this transaction; use fewer rows or bytes per \
             transaction, or raise dbms.memory.transaction.total.max or its heap",
        );
    }
    match (class, category, name) {
        // The driver moves the names of a stopped transaction to ClientError; a server that
        // shuts down stops transactions too.
        (_, "Transaction", "LockClientStopped" | "Terminated" | "TransactionTerminated") => (
            Class::Transient,
            ErrorKind::Unavailable,
            "the server ended the transaction; see its log if this goes on",
        ),
        (_, "Transaction", name) if name.starts_with("TransactionTimedOut") => (
            Class::TooLarge,
            ErrorKind::Timeout,
            "the transaction took longer than the server allows; use fewer rows per transaction, \
             or raise db.transaction.timeout",
        ),
        (_, "Security", _) => of_security(name),
        (_, "Cluster", "NotALeader") => (
            Class::Connection,
            ErrorKind::Unavailable,
            "this member of the cluster takes no writes; use a neo4j:// address, which finds the \
             one that does",
        ),
        (_, "General" | "Database", "DatabaseUnavailable")
        | ("TransientError", "Request" | "Cluster" | "Network", _) => UNAVAILABLE,
        ("TransientError", ..) => (
            Class::Transient,
            ErrorKind::Conflict,
            "other transactions stood in the way; write from fewer places at once if this goes on",
        ),
        ("ClientError", ..) => of_client(category, name),
        ("DatabaseError", "Statement", _) => (
            Class::Row,
            ErrorKind::InvalidData,
            "the server failed on a row or statement; see the cause, and the server's log",
        ),
        ("DatabaseError", "Schema", _) => SCHEMA,
        ("DatabaseError", ..) => (
            Class::Fatal,
            ErrorKind::Unavailable,
            "the server failed; see its log and whether its disk is full, then restart the database",
        ),
        _ => (Class::Fatal, ErrorKind::Internal, "the server failed; see the cause"),
    }
}

const SCHEMA: Meaning = (
    Class::Fatal,
    ErrorKind::Conflict,
    "the database's constraints and indexes, or what it holds, do not allow this; see the cause",
);

fn of_client(category: &str, name: &str) -> Meaning {
    match (category, name) {
        ("Schema", "ConstraintValidationFailed") => {
            (Class::Exists, ErrorKind::Conflict, "a constraint does not allow this; see the cause")
        }
        ("Schema", _) => SCHEMA,
        ("Statement", "EntityNotFound") => (
            Class::Transient,
            ErrorKind::Conflict,
            "another writer deleted what was being written or read",
        ),
        ("Database", "DatabaseNotFound") => (
            Class::Fatal,
            ErrorKind::NotFound,
            "the server has no such database; SHOW DATABASES lists them",
        ),
        ("General", "ForbiddenOnReadOnlyDatabase" | "WriteOnReadOnlyAccessDatabase")
        | ("Statement", "AccessMode") => {
            (Class::Fatal, ErrorKind::ReadOnly, "the database may only be read")
        }
        ("Request", _) => (
            Class::Fatal,
            ErrorKind::Unsupported,
            "the server did not accept the driver's message; see the cause",
        ),
        _ => (
            Class::Row,
            ErrorKind::InvalidData,
            "the server did not accept a row or statement; see the cause",
        ),
    }
}

fn of_security(name: &str) -> Meaning {
    match name {
        "Forbidden" => (
            Class::Fatal,
            ErrorKind::PermissionDenied,
            "the user may not do this; grant the right to read, write and change the schema",
        ),
        "AuthorizationExpired" | "TokenExpired" => (
            Class::Connection,
            ErrorKind::Unauthenticated,
            "the sign-in expired; check that the user still exists",
        ),
        "CredentialsExpired" => (
            Class::Fatal,
            ErrorKind::Unauthenticated,
            "the user must change the password first: ALTER CURRENT USER SET PASSWORD",
        ),
        _ => SIGN_IN,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use atg_core::ErrorKind;
    use neo4rs::Error as Driver;

    use super::super::errors::Class;
    use super::{meaning, of_code};

    #[test]
    fn every_known_code() {
        use Class::{Connection, Exists, Fatal, Row, TooLarge, Transient};
        for (code, class, kind) in [
            ("TransientError.Transaction.DeadlockDetected", Transient, ErrorKind::Conflict),
            ("TransientError.Transaction.LockAcquisitionTimeout", Transient, ErrorKind::Conflict),
            ("ClientError.Transaction.LockClientStopped", Transient, ErrorKind::Unavailable),
            ("ClientError.Transaction.Terminated", Transient, ErrorKind::Unavailable),
            ("ClientError.Transaction.TransactionTimedOutClientX", TooLarge, ErrorKind::Timeout),
            ("TransientError.General.DatabaseUnavailable", Connection, ErrorKind::Unavailable),
            ("TransientError.Request.NoThreadsAvailable", Connection, ErrorKind::Unavailable),
            ("TransientError.Cluster.ReplicationFailure", Connection, ErrorKind::Unavailable),
            ("ClientError.Cluster.NotALeader", Connection, ErrorKind::Unavailable),
            ("ClientError.Security.AuthorizationExpired", Connection, ErrorKind::Unauthenticated),
            ("TransientError.General.MemoryPoolOutOfMemoryError", TooLarge, EXHAUSTED),
            ("TransientError.General.OutOfMemoryError", TooLarge, EXHAUSTED),
            ("ClientError.General.TransactionOutOfMemoryError", TooLarge, EXHAUSTED),
            ("ClientError.Schema.ConstraintValidationFailed", Exists, ErrorKind::Conflict),
            ("ClientError.Schema.IndexAlreadyExists", Fatal, ErrorKind::Conflict),
            ("DatabaseError.Schema.ConstraintCreationFailed", Fatal, ErrorKind::Conflict),
            ("ClientError.Statement.TypeError", Row, ErrorKind::InvalidData),
            ("ClientError.Statement.ArgumentError", Row, ErrorKind::InvalidData),
            ("DatabaseError.Statement.ExecutionFailed", Row, ErrorKind::InvalidData),
            ("ClientError.Statement.AccessMode", Fatal, ErrorKind::ReadOnly),
            ("ClientError.General.ForbiddenOnReadOnlyDatabase", Fatal, ErrorKind::ReadOnly),
            ("ClientError.Database.DatabaseNotFound", Fatal, ErrorKind::NotFound),
            ("ClientError.Security.Unauthorized", Fatal, ErrorKind::Unauthenticated),
            ("ClientError.Security.CredentialsExpired", Fatal, ErrorKind::Unauthenticated),
            ("ClientError.Security.Forbidden", Fatal, ErrorKind::PermissionDenied),
            ("ClientError.Request.Invalid", Fatal, ErrorKind::Unsupported),
            ("DatabaseError.Transaction.TransactionCommitFailed", Fatal, ErrorKind::Unavailable),
            ("NewKind.General.Something", Fatal, ErrorKind::Internal),
        ] {
            let (found, found_kind, advice) = of_code(&format!("Neo.{code}"));
            assert_eq!((found, found_kind), (class, kind), "{code}");
            assert!(!advice.is_empty());
        }
        assert_eq!(of_code("").0, Fatal);
    }

    const EXHAUSTED: ErrorKind = ErrorKind::ResourceExhausted;

    #[test]
    fn what_the_driver_itself_reports() {
        let greeting = |text: &str| Driver::AuthenticationError(text.to_owned());
        let io = |kind: io::ErrorKind| Driver::IOError { detail: kind.into() };
        for (error, class, kind) in [
            (greeting("The client is unauthorized"), Class::Fatal, ErrorKind::Unauthenticated),
            (greeting("No threads: not available"), Class::Connection, ErrorKind::Unavailable),
            (greeting("memory limit reached"), Class::Connection, ErrorKind::ResourceExhausted),
            (Driver::ProtocolMismatch(0x4854_5450), Class::Fatal, ErrorKind::InvalidInput),
            (Driver::UnsupportedVersion(5, 4), Class::Fatal, ErrorKind::InvalidInput),
            (Driver::ConnectionTimedOut, Class::Connection, ErrorKind::Timeout),
            (Driver::ConnectionError, Class::Connection, ErrorKind::Unavailable),
            (io(io::ErrorKind::ConnectionRefused), Class::Connection, ErrorKind::Unavailable),
            (io(io::ErrorKind::UnexpectedEof), Class::Connection, ErrorKind::Unavailable),
            (io(io::ErrorKind::TimedOut), Class::Connection, ErrorKind::Timeout),
            (io(io::ErrorKind::InvalidData), Class::Fatal, ErrorKind::InvalidInput),
            (Driver::StringTooLong, Class::Row, ErrorKind::InvalidData),
            (Driver::ConversionError, Class::Fatal, ErrorKind::Internal),
        ] {
            let (found, found_kind, _) = meaning(&error);
            assert_eq!((found, found_kind), (class, kind), "{error}");
        }
    }
}
