//! Workers: processes that were started for one node, from their start to their exit.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};

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
        let (channel, socket) = Channel::new(payload)?;
        let channel = Arc::new(channel);
        let mut command = Command::new(program);
        command.args(arguments).arg(SOCKET.to_string()).stdin(Stdio::null());
        command.fd_mappings(vec![FdMapping { parent_fd: socket, child_fd: SOCKET }]).map_err(io::Error::other)?;
        let child = command.spawn()?;
        // With it our copy of the worker's socket goes: it hangs up when the worker dies.
        drop(command);
        Worker::watched(child, channel)
    }

    /// Has a process that was started watched. One that cannot be is not left behind.
    fn watched(mut child: Child, channel: Arc<Channel>) -> io::Result<Worker> {
        let id = child.id();
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        let process = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(process) => process,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error.into());
            }
        };
        let exit = Arc::new(Exit::default());
        let watch = (Arc::clone(&exit), Arc::clone(&channel));
        let name = "remotemedia-watch".into();
        let thread = thread::Builder::new().name(name).stack_size(STACK);
        if let Err(error) = thread.spawn(move || watch_over(child, &watch.0, &watch.1)) {
            let _ = pidfd_send_signal(&process, Signal::KILL);
            let _ = waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED);
            return Err(error);
        }
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

fn watch_over(mut child: Child, exit: &Exit, channel: &Channel) {
    // It fails only if somebody else has waited for our child: then how it exited is not known.
    let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0));
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
