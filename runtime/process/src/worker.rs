//! Workers: processes that were started for one node, from their start to their exit.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use remotemedia_core::fault::{Point, check};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::channel::Channel;

/// The number of the socket in the worker.
const SOCKET: i32 = 3;
/// A thread that only waits needs little.
const STACK: usize = 64 * 1024;

/// A process and the channel to it. It is killed when this goes.
pub struct Worker {
    channel: Arc<Channel>,
    process: OwnedFd,
    id: u32,
    exit: Arc<Exit>,
}

#[derive(Default)]
struct Exit {
    status: Mutex<Option<ExitStatus>>,
    changed: Condvar,
}

impl Worker {
    /// Starts a program, which is given the number of its socket as one more argument, and the payload over that.
    pub fn start(command: &[OsString], payload: &[u8]) -> io::Result<Worker> {
        let [program, arguments @ ..] = command else { return Err(io::ErrorKind::InvalidInput.into()) };
        let refused = |error| io::Error::other(format!("no shared memory or socket for it is to be had: {error}"));
        let (channel, socket) = Channel::new(payload).map_err(refused)?;
        let channel = Arc::new(channel);
        let mut command = Command::new(program);
        command.args(arguments).arg(SOCKET.to_string()).stdin(Stdio::null());
        command.fd_mappings(vec![FdMapping { parent_fd: socket, child_fd: SOCKET }]).map_err(io::Error::other)?;
        check(Point::Process)?;
        let child = command.spawn()?;
        let id = child.id();
        let unwatched = Unwatched(Some(child));
        // With it our copy of the worker's socket goes: it hangs up when the worker dies.
        drop(command);
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        check(Point::Process)?;
        let process = pidfd_open(pid, PidfdFlags::empty())?;
        let exit = Arc::new(Exit::default());
        let watch = (Arc::clone(&exit), Arc::clone(&channel));
        let builder = thread::Builder::new().name("remotemedia-watch".into()).stack_size(STACK);
        let started =
            check(Point::Thread).and_then(|()| builder.spawn(move || watch_over(unwatched, &watch.0, &watch.1)));
        started.map_err(|error| io::Error::other(format!("no thread to watch over it is to be had: {error}")))?;
        Ok(Worker { channel, process, id, exit })
    }

    /// The channel to it.
    pub fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Ends the process at once.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Asks the process to end.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        // One that has exited needs none.
        let _ = pidfd_send_signal(&self.process, signal);
    }

    /// Waits until the process has exited, for so long at most; how it has.
    pub fn wait(&self, most: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + most;
        let mut status = lock(&self.exit.status);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if status.is_some() || left.is_zero() {
                return *status;
            }
            status = self.exit.changed.wait_timeout(status, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({})", self.id)
    }
}

/// A process that nobody waits for yet: it must not be left behind.
struct Unwatched(Option<Child>);

impl Drop for Unwatched {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn watch_over(mut unwatched: Unwatched, exit: &Exit, channel: &Channel) {
    // It fails only if somebody else has waited for our child: then how it exited is not known.
    let status = unwatched.0.take().and_then(|mut child| child.wait().ok()).unwrap_or_default();
    *lock(&exit.status) = Some(status);
    exit.changed.notify_all();
    channel.hang_up();
}

/// How a process has ended, in words.
pub fn describe(status: Option<ExitStatus>) -> String {
    let Some(status) = status else { return "does not answer".into() };
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (_, Some(9)) => {
            "was killed by signal 9 (SIGKILL), as the system does with a process when memory runs out".into()
        }
        (_, Some(signal)) => format!("was killed by signal {signal}{}", name(signal)),
        _ => format!("has ended: {status}"),
    }
}

fn name(signal: i32) -> &'static str {
    match signal {
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        _ => "",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
