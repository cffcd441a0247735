//! The one descriptor that a child is given, out of those that it has.

#![expect(
    unsafe_code,
    reason = "descriptors that were inherited are known by number alone"
)]

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::net::SocketType;

/// The first descriptor that is not a standard one.
const FIRST: RawFd = 3;

/// An argument of `-ipcfd` that names no usable descriptor.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorError {
    /// It is no number, or none that a descriptor can have.
    #[error("not the number of a descriptor")]
    NotANumber,
    /// No such descriptor is open.
    #[error("the descriptor is not open")]
    Closed,
    /// It is a file, a pipe, a terminal, or a socket of another kind.
    #[error("the descriptor is not a stream socket")]
    NotASocket,
    /// It is such a socket, but nobody is at its other end, or it listens.
    #[error("the descriptor is a socket that is not connected")]
    NotConnected,
    /// The system refuses.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// Takes the descriptor that the argument names, and closes the others that are not standard ones.
pub(super) fn take(argument: &OsStr) -> Result<OwnedFd, DescriptorError> {
    let number: RawFd = argument
        .to_str()
        .filter(|argument| argument.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|argument| argument.parse().ok())
        .ok_or(DescriptorError::NotANumber)?;
    // SAFETY: nothing else in this process closes descriptors while this one is borrowed, and a number that is not open
    // is found out by the first use.
    let inherited = unsafe { BorrowedFd::borrow_raw(number) };
    match rustix::net::sockopt::socket_type(inherited) {
        Ok(SocketType::STREAM) => {}
        Ok(_) | Err(Errno::NOTSOCK) => return Err(DescriptorError::NotASocket),
        Err(Errno::BADF) => return Err(DescriptorError::Closed),
        Err(error) => return Err(DescriptorError::System(error.into())),
    }
    match rustix::net::getpeername(inherited) {
        // Without a name, as a pair's ends are.
        Ok(_) => {}
        Err(Errno::NOTCONN) => return Err(DescriptorError::NotConnected),
        Err(error) => return Err(DescriptorError::System(error.into())),
    }
    let socket = rustix::io::fcntl_dupfd_cloexec(inherited, FIRST).map_err(io::Error::from)?;
    if number < FIRST {
        take_standard_stream_away(number)?;
    }
    close_all_but(socket.as_raw_fd());
    Ok(socket)
}

/// Puts nothing in the place of a standard stream that was the socket, so that what is read or printed there is no part
/// of the conversation.
fn take_standard_stream_away(number: RawFd) -> io::Result<()> {
    let nothing = fs_err::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    match number {
        0 => rustix::stdio::dup2_stdin(nothing)?,
        1 => rustix::stdio::dup2_stdout(nothing)?,
        _ => rustix::stdio::dup2_stderr(nothing)?,
    }
    Ok(())
}

/// Closes what was inherited by mistake. Descriptors of this process's own do not exist yet.
#[cfg(target_os = "linux")]
fn close_all_but(kept: RawFd) {
    let close = |first: RawFd, last: u32| {
        // Kernels before 5.9 do not know the call; strays then stay open, which costs nothing but their number.
        // SAFETY: no code in this process owns any of these descriptors: they were open when it started, and
        // `take` is called before anything else is opened.
        let _ = unsafe { libc::close_range(first.unsigned_abs(), last, 0) };
    };
    if kept > FIRST {
        close(FIRST, kept.unsigned_abs() - 1);
    }
    close(kept + 1, u32::MAX);
}

#[cfg(not(target_os = "linux"))]
fn close_all_but(kept: RawFd) {
    // SAFETY: asks for a number.
    let last = unsafe { libc::getdtablesize() };
    for number in FIRST..last.min(1 << 16) {
        if number != kept {
            // SAFETY: no code in this process owns the descriptor: if it is open, it was when the process started.
            let _ = unsafe { libc::close(number) };
        }
    }
}
