//! Threads of ours: they leave signals to the program, are known by the number of the operating system, and tell the program
//! when they start and end.

use std::ffi::c_void;

use remotemedia_core::ThreadHooks;

use crate::error::Outcome;
use crate::versioned::{Destroy, Table, Versioned, check_zero, read_table};

/// What the library's own threads do first and last: for priorities, processors, or a language that must know its threads.
/// None of the functions may throw. The calls that these threads make are over when `rm_runtime_shutdown` has answered RM_OK, but
/// a thread that starts or ends late may still call `on_start` and `on_stop` then, and even after `rm_runtime_free`: what they use
/// must be there until `destroy`, which comes last all the same.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_thread_hooks {
    /// `sizeof(rm_thread_hooks)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Passed to every function.
    pub user_data: *mut c_void,
    /// Called once, last: when the runtime is gone and its threads have ended, also when `rm_runtime_new` fails. [any thread]
    pub destroy: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,
    /// A thread has started, and has made no call yet. [that thread]
    pub on_start: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,
    /// A thread has made its last call, and is about to end. [that thread]
    pub on_stop: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,
}

// SAFETY: integers, pointers and optional functions may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_thread_hooks {
    const NAME: &'static str = "rm_thread_hooks";
    const FIRST_SIZE: usize = size_of::<rm_thread_hooks>();
}

impl Table for rm_thread_hooks {
    fn destroy(&self) -> Destroy {
        Destroy { destroy: self.destroy, user_data: self.user_data }
    }
}

/// The hooks of a runtime: ours, and the program's if it has any.
pub(crate) struct Hooks(Option<(rm_thread_hooks, Destroy)>);

// SAFETY: the header says on which threads the functions are called with the pointer.
unsafe impl Send for Hooks {}
// SAFETY: as above.
unsafe impl Sync for Hooks {}

impl Hooks {
    /// # Safety
    /// `hooks` is null, or what the header says.
    pub unsafe fn new(hooks: *const rm_thread_hooks) -> Outcome<Hooks> {
        if hooks.is_null() {
            return Ok(Hooks(None));
        }
        // SAFETY: not null, and the caller vouches for the rest.
        let (hooks, destroy) = unsafe { read_table(hooks) }?;
        check_zero(hooks.reserved, "reserved")?;
        Ok(Hooks(Some((hooks, destroy))))
    }
}

impl ThreadHooks for Hooks {
    fn start(&self) {
        prepare();
        if let Some((rm_thread_hooks { on_start: Some(on_start), user_data, .. }, _)) = &self.0 {
            // SAFETY: the program's function with the program's pointer.
            unsafe { on_start(*user_data) };
        }
    }

    fn stop(&self) {
        if let Some((rm_thread_hooks { on_stop: Some(on_stop), user_data, .. }, _)) = &self.0 {
            // SAFETY: as above.
            unsafe { on_stop(*user_data) };
        }
    }
}

/// What a thread of ours does first: it blocks every signal but those that say that it did something wrong itself, and takes
/// the number that the operating system knows it by.
fn prepare() {
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
