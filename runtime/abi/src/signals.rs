//! Signals: they are the program's, and not for threads of ours.

/// Blocks every signal on this thread but those that say that it did something wrong itself.
pub(crate) fn block() {
    // SAFETY: the set is made before it is used, and lives until the last call returns.
    unsafe {
        let mut signals: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut signals);
        for own in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT, libc::SIGTRAP] {
            libc::sigdelset(&raw mut signals, own);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const signals, std::ptr::null_mut());
    }
}
