//! Nodes of types that only a worker process knows: `module:Class`, imported by an interpreter of Python.

use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use remotemedia_core::log::{Category, Level, log};
use remotemedia_core::{Fault, Host, Kinds, Launcher, NodeInfo, NodeType, ProcessOptions, Slot, Violation};
use remotemedia_process::{ProcessConfig, ProcessNode};
use serde_json::{Value, json};

use crate::bridge::Bridge;

/// The program that is asked for if the configuration says nothing.
const PYTHON: &str = "python3";
/// The environment variable that names another one.
const VARIABLE: &str = "REMOTEMEDIA_PYTHON";

/// What starts workers for a runtime.
pub(crate) struct Workers {
    command: Vec<OsString>,
    /// The host that can take objects apart, if there is one.
    host: Mutex<Weak<Bridge>>,
}

impl Workers {
    /// With a command; if it is empty, with the module of the Python package.
    pub fn new(command: Vec<OsString>) -> Workers {
        let command = if command.is_empty() {
            let program = std::env::var_os(VARIABLE).unwrap_or_else(|| PYTHON.into());
            vec![program, "-m".into(), "remotemedia.worker".into()]
        } else {
            command
        };
        Workers { command, host: Mutex::default() }
    }

    /// Says which host takes objects apart.
    pub fn set_host(&self, host: &Arc<Bridge>) {
        *self.host.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(host);
    }
}

/// Hands on what a worker logs: a program that has objects has a log too.
fn write_log(level: u32, name: &str, text: &str) {
    let level = match level {
        0..20 => Level::Debug,
        20..30 => Level::Info,
        30..40 => Level::Warning,
        40.. => Level::Error,
    };
    log(Category::Process, level, || format!("{name}: {text}"));
}

/// Any other may look at no log at all, but has standard error, which the worker shares with it.
fn print_log(_: u32, name: &str, text: &str) {
    eprintln!("{name}: {text}");
}

impl Launcher for Workers {
    fn node_type(&self, name: &str, options: ProcessOptions) -> Arc<dyn NodeType> {
        let host = self.host.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Arc::new(WorkerType { name: name.into(), options, command: self.command.clone(), host })
    }
}

struct WorkerType {
    name: String,
    options: ProcessOptions,
    command: Vec<OsString>,
    host: Weak<Bridge>,
}

impl NodeType for WorkerType {
    fn check(&self, _parameters: &Value) -> Vec<Violation> {
        Vec::new()
    }

    fn create(&self, id: &str, parameters: &Value) -> Result<Arc<Slot>, Fault> {
        let host = self.host.upgrade();
        let payload = json!({"type": self.name, "id": id, "params": parameters, "objects": host.is_some()}).to_string();
        let (command, options) = (self.command.clone(), &self.options);
        let config = ProcessConfig {
            command,
            payload: Arc::new(move |parcel| {
                parcel.add(&(payload.len() as u64).to_le_bytes());
                parcel.add(payload.as_bytes());
                Ok(())
            }),
            start: options.start_timeout(),
            stop: options.stop_timeout(),
            restarts: options.restarts,
            restart_delay: options.restart_delay(),
            log: if host.is_some() { Arc::new(write_log) } else { Arc::new(print_log) },
        };
        let kinds = if host.is_some() { Kinds::ANY } else { Kinds::DATA };
        let lane = host.as_ref().and_then(|host| host.lane().cloned());
        let info = NodeInfo { lane, ..NodeInfo::filter(kinds, kinds) };
        Ok(Slot::new(ProcessNode::new(config, info, host.map(|host| host as Arc<dyn Host>))))
    }
}
