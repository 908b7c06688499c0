//! Threads of ours: they leave signals to the program, and are known by the number of the operating system.

/// What a thread of ours does first: it blocks every signal but those that say that it did something wrong itself, and takes
/// the number that the operating system knows it by.
pub(crate) fn prepare() {
    number();
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

/// Gives this thread the number that the operating system knows it by.
pub(crate) fn number() {
    // SAFETY: asks the system for a number.
    let number = unsafe { libc::gettid() };
    remotemedia_core::set_thread_number(number as u64);
}
