//! Plugins: shared libraries that bring node types.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::NonNull;

use remotemedia_core::Registry;
use remotemedia_core::log::{Category, Level, log};

use crate::call::blame;
use crate::error::{Failure, Outcome, last_message, remember};
use crate::guard::guard_on;
use crate::handle;
use crate::runtime::Runtime;
use crate::status::*;
use crate::text::read_text;
use crate::version::RM_ABI_VERSION;
use crate::versioned::{Versioned, read_struct, size_of_struct};

/// What a plugin is: a shared library that is linked with this one and exports one object of this type, the constant
/// `rm_plugin_entry`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_plugin {
    /// `sizeof(rm_plugin)`.
    pub struct_size: u32,
    /// `RM_ABI_VERSION`, as the plugin was compiled.
    pub abi_version: u32,
    /// Its name.
    pub name: *const c_char,
    /// The size of the name in bytes.
    pub name_size: usize,
    /// Its version.
    pub version: *const c_char,
    /// The size of the version in bytes.
    pub version_size: usize,
    /// Adds node types to a runtime, with `rm_runtime_add_type`; names that are taken are refused. Called once for each runtime
    /// that loads it. On failure it calls `rm_call_fail`, or leaves what `rm_last_error` says, and answers a negative status;
    /// the types that it has added are gone then. [the thread that loads it, no lock held]
    pub init: Option<unsafe extern "C-unwind" fn(runtime: u64) -> rm_status>,
}

// SAFETY: integers, pointers and optional functions may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_plugin {
    const NAME: &'static str = "rm_plugin";
    const FIRST_SIZE: usize = size_of::<rm_plugin>();
}

/// What a plugin exports.
const ENTRY: &CStr = c"rm_plugin_entry";

thread_local! {
    /// The types that the plugin has added whose `init` this thread is in.
    static ADDED: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Loads a plugin and has it add its node types to a runtime. A plugin that the runtime has already is left as it is; for one
/// that another thread is loading it waits. Once loaded, a plugin stays in memory until the process ends.
///
/// Ownership: `path` is borrowed.
/// Threads: any. The plugin's `init` is called on this one.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_UTF8, RM_ERR_ARGUMENT (an empty path), RM_ERR_PLUGIN (the message says why it
/// cannot be used), RM_ERR_VERSION (it was compiled for another major version of the ABI), RM_ERR_TIMEOUT (another thread has
/// been in its `init` for a minute).
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_runtime_load_plugin(runtime: u64, path: *const c_char, size: usize) -> rm_status {
    guard_on(runtime, || {
        let loading = handle::get::<Runtime>(runtime)?;
        // SAFETY: the caller vouches for `path` and `size`.
        let path = unsafe { read_text(path, size, "path") }?;
        let loaded = open(path).and_then(|library| start(&loading, runtime, library, path));
        loaded.map_err(|failure| {
            let message = format!("plugin '{path}' was refused: {}", failure.message);
            log(Category::Plugin, Level::Info, || message.clone());
            Failure::new(failure.status, message)
        })?;
        Ok(RM_OK)
    })
}

fn refused(message: impl Into<String>) -> Failure {
    Failure::new(RM_ERR_PLUGIN, message)
}

/// A shared library that stays loaded.
struct Library(NonNull<c_void>);

fn open(path: &str) -> Outcome<Library> {
    if path.is_empty() {
        return Err(Failure::new(RM_ERR_ARGUMENT, "the path is empty"));
    }
    // A name without a slash would be looked for where the loader likes.
    let place = if path.contains('/') { path.to_string() } else { format!("./{path}") };
    let place = CString::new(place).map_err(|_| Failure::new(RM_ERR_ARGUMENT, "the path has a zero byte in it"))?;
    // SAFETY: a text that ends with a zero byte. What the library does when it is loaded is for the caller to vouch for.
    let library = unsafe { libc::dlopen(place.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_NODELETE) };
    let library = Library(NonNull::new(library).ok_or_else(why_not)?);
    // One that brings an engine of its own would be given handles that mean nothing there.
    if let Some(theirs) = library.find(c"rm_abi_version") {
        let (theirs, ours) = (origin(theirs.as_ptr().cast_const()), origin((&raw const OURS).cast()));
        if theirs.as_ref().map(|(base, _)| base) != ours.as_ref().map(|(base, _)| base) {
            let other = theirs.map(|(_, name)| name).unwrap_or_default();
            return Err(refused(format!("it is linked with another copy of this library, {other}")));
        }
    }
    Ok(library)
}

/// Something that lies in this very library.
static OURS: u8 = 0;

/// Where the library begins that an address lies in, and its name.
fn origin(address: *const c_void) -> Option<(usize, String)> {
    // SAFETY: asks about an address; the answer is zero at first, and its texts live as long as the library.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        let found = libc::dladdr(address, &raw mut info) != 0 && !info.dli_fname.is_null();
        found.then(|| (info.dli_fbase as usize, CStr::from_ptr(info.dli_fname).to_string_lossy().into_owned()))
    }
}

fn why_not() -> Failure {
    // SAFETY: the text is the thread's own until its next call of this kind.
    let text = unsafe {
        let text = libc::dlerror();
        if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
    };
    let hint = if text.contains("undefined symbol: rm_") { "; link it with -lremotemedia" } else { "" };
    refused(format!("{text}{hint}"))
}

impl Library {
    fn find(&self, name: &CStr) -> Option<NonNull<c_void>> {
        // SAFETY: a library that stays loaded, and a text that ends with a zero byte.
        NonNull::new(unsafe { libc::dlsym(self.0.as_ptr(), name.as_ptr()) })
    }
}

fn start(runtime: &Runtime, handle: u64, library: Library, path: &str) -> Outcome {
    let entry = library.find(ENTRY).ok_or_else(|| refused("it has no 'rm_plugin_entry'"))?.cast::<rm_plugin>();
    // SAFETY: a plugin vouches for its entry, as the header says.
    let plugin = unsafe { read_entry(entry.as_ptr()) }?;
    let init = plugin.init.ok_or_else(|| refused("'init' of its rm_plugin is null"))?;
    // SAFETY: the same promise.
    let title = unsafe { read_title(&plugin) }.map_err(|failure| refused(format!("its {}", failure.message)))?;
    let Some(loading) = runtime.plugins().begin(entry.as_ptr() as usize)? else { return Ok(()) };
    // What its init leaves there is its own.
    let last = last_message();
    remember(String::new());
    let before = ADDED.replace(Some(Vec::new()));
    // SAFETY: the plugin's function with the runtime that it is loaded into.
    let (status, told) = blame(None, || unsafe { init(handle) });
    let added = ADDED.replace(before).unwrap_or_default();
    if status == RM_OK {
        remember(last);
        loading.keep();
        log(Category::Plugin, Level::Info, || format!("plugin '{path}' is loaded: {title}"));
        return Ok(());
    }
    runtime.core().registry().remove(&added);
    let why = told.fault.map_or_else(last_message, |fault| fault.message);
    let why = if why.is_empty() { "without saying why".into() } else { why };
    Err(refused(format!("its init failed with status {status}: {why}")))
}

/// What a plugin says that it is: its name and its version.
///
/// # Safety
/// It is what a plugin exports, whose texts are there for as long as the plugin.
unsafe fn read_title(plugin: &rm_plugin) -> Outcome<String> {
    // SAFETY: the same promise.
    unsafe {
        let name = read_text(plugin.name, plugin.name_size, "name")?;
        let version = read_text(plugin.version, plugin.version_size, "version")?;
        Ok(format!("{name} {version}"))
    }
}

/// # Safety
/// `entry` points to what a plugin exports.
unsafe fn read_entry(entry: *const rm_plugin) -> Outcome<rm_plugin> {
    // SAFETY: the same promise; the second field is there in every version.
    let version = unsafe {
        size_of_struct(entry).map_err(|failure| refused(failure.message))?;
        // Unaligned, because whoever exports something else of that name is refused, not read wrongly.
        (&raw const (*entry).abi_version).read_unaligned()
    };
    if version >> 16 != RM_ABI_VERSION >> 16 {
        let message =
            format!("it was compiled for version {version:#x} of the ABI, the library has {RM_ABI_VERSION:#x}");
        return Err(Failure::new(RM_ERR_VERSION, message));
    }
    // SAFETY: the same promise.
    unsafe { read_struct(entry) }.map_err(|failure| refused(failure.message))
}

/// Refuses a name that is taken, if it is a plugin that adds a type, and notes it otherwise.
pub(crate) fn note_type(registry: &Registry, name: &str) -> Outcome {
    ADDED.with_borrow_mut(|added| match added {
        None => Ok(()),
        Some(_) if registry.find(name).is_some() => {
            Err(Failure::new(RM_ERR_ARGUMENT, format!("there is a node type '{name}' already; a plugin replaces none")))
        }
        Some(added) => {
            added.push(name.to_string());
            Ok(())
        }
    })
}
