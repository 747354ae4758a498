//! `TCP_NODELAY` on the driver's sockets, which the driver never sets.
//!
//! The driver sends the head of each message by itself, so that Nagle's algorithm and the
//! server's delayed acknowledgement hold up every batch by some 40 milliseconds. Its sockets
//! cannot be reached through it; but the system lists them, and passing one through a pair of
//! local sockets gives a second handle to it without any `unsafe`.

#[cfg(target_os = "linux")]
pub(super) use linux::NoDelay;
#[cfg(not(target_os = "linux"))]
pub(super) use other::NoDelay;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::io::{self, IoSlice, IoSliceMut};
    use std::mem::MaybeUninit;
    use std::os::fd::{AsRawFd, OwnedFd, RawFd};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::sync::{Mutex, PoisonError};

    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    use rustix::cmsg_space;
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    use socket2::Socket;

    /// Sets the option once on every socket whose peer has the server's port.
    pub(in super::super) struct NoDelay {
        port: u16,
        found: Mutex<Found>,
    }

    /// What the last look at all sockets found, by inode.
    #[derive(Default)]
    struct Found {
        all: HashSet<u64>,
        /// Those of the server, with their descriptors.
        ours: Vec<(RawFd, u64)>,
    }

    impl NoDelay {
        pub(in super::super) fn new(port: u16) -> Self {
            Self { port, found: Mutex::default() }
        }

        /// Sets the option on the sockets that are new since the last call. Looks at all files
        /// the process has open, some microseconds each, where a connection is `new` or one of
        /// those found before was closed. What fails is left as it is.
        pub(in super::super) fn sweep(&self, new: bool) {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            if !new && found.ours.iter().all(|&(descriptor, inode)| is_open(descriptor, inode)) {
                return;
            }
            match self.set_on_new(&found) {
                Ok(now) => *found = now,
                Err(error) => tracing::debug!(%error, "sockets stay without TCP_NODELAY"),
            }
        }

        fn set_on_new(&self, before: &Found) -> io::Result<Found> {
            let mut found = Found::default();
            for entry in std::fs::read_dir("/proc/self/fd")? {
                let entry = entry?;
                let name = entry.file_name();
                let descriptor = name.to_str().and_then(|name| name.parse().ok());
                let (Some(descriptor), Some(inode)) = (descriptor, socket_inode(&entry.path()))
                else {
                    continue;
                };
                let socket = (descriptor, inode);
                let ours = if before.all.contains(&inode) {
                    before.ours.contains(&socket)
                } else {
                    // A socket may be closed meanwhile; then there is nothing to set.
                    self.set_on(descriptor).unwrap_or_else(|error| {
                        tracing::debug!(%error, "a socket stays without TCP_NODELAY");
                        false
                    })
                };
                found.all.insert(inode);
                found.ours.extend(ours.then_some(socket));
            }
            Ok(found)
        }

        /// Sets the option if the socket is connected to the server, and returns whether it is.
        fn set_on(&self, descriptor: RawFd) -> io::Result<bool> {
            let socket = Socket::from(duplicate(descriptor)?);
            let peer = socket.peer_addr().ok().and_then(|peer| peer.as_socket());
            let ours = peer.is_some_and(|peer| peer.port() == self.port);
            if ours {
                socket.set_tcp_nodelay(true)?;
            }
            Ok(ours)
        }
    }

    fn is_open(descriptor: RawFd, inode: u64) -> bool {
        socket_inode(Path::new(&format!("/proc/self/fd/{descriptor}"))) == Some(inode)
    }

    /// The inode of the socket that an open file is, if it is one.
    fn socket_inode(file: &Path) -> Option<u64> {
        let target = std::fs::read_link(file).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    }

    /// A handle of our own to an open file that is known by its number only.
    fn duplicate(descriptor: RawFd) -> io::Result<OwnedFd> {
        let (sender, receiver) = UnixStream::pair()?;
        let descriptors = [descriptor];
        let message = [ControlMessage::ScmRights(&descriptors)];
        let bytes = [IoSlice::new(&[0])];
        sendmsg::<()>(sender.as_raw_fd(), &bytes, &message, MsgFlags::empty(), None)?;
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
        let mut handles = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let bytes = &mut [IoSliceMut::new(&mut byte)];
        recvmsg(&receiver, bytes, &mut handles, RecvFlags::CMSG_CLOEXEC)?;
        handles
            .drain()
            .find_map(|message| match message {
                RecvAncillaryMessage::ScmRights(mut passed) => passed.next(),
                _ => None,
            })
            .ok_or_else(|| io::Error::other("the system passed no handle"))
    }

    #[cfg(test)]
    mod tests {
        use std::net::{TcpListener, TcpStream};

        use super::NoDelay;

        #[test]
        fn sets_the_option_on_new_sockets_of_its_port() {
            let ours = TcpListener::bind("127.0.0.1:0").unwrap();
            let other = TcpListener::bind("127.0.0.1:0").unwrap();
            let no_delay = NoDelay::new(ours.local_addr().unwrap().port());
            let connect = |to: &TcpListener| TcpStream::connect(to.local_addr().unwrap()).unwrap();
            let first = connect(&ours);
            let foreign = connect(&other);
            no_delay.sweep(true);
            assert!(first.nodelay().unwrap());
            assert!(!foreign.nodelay().unwrap());

            first.set_nodelay(false).unwrap();
            let second = connect(&ours);
            no_delay.sweep(true);
            assert!(second.nodelay().unwrap());
            assert!(!first.nodelay().unwrap(), "a known socket is left alone");

            let third = connect(&ours);
            no_delay.sweep(false);
            assert!(!third.nodelay().unwrap(), "nothing was closed");
            drop(second);
            no_delay.sweep(false);
            assert!(third.nodelay().unwrap(), "what was closed may have been replaced");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    /// Does nothing: only Linux lists a process's sockets.
    pub(in super::super) struct NoDelay;

    impl NoDelay {
        pub(in super::super) fn new(_port: u16) -> Self {
            Self
        }

        #[allow(clippy::unused_self)]
        pub(in super::super) fn sweep(&self, _new: bool) {}
    }
}
