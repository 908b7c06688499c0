//! Node types: how a node is made from its name and its parameters.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::graph::invalid;
use crate::schema::{Schema, Violation};
use crate::suggest::nearest_few;
use crate::{Error, ErrorKind, Fault, Node, ProcessOptions, Result, Slot};

/// A kind of node that can be made from parameters.
pub trait NodeType: Send + Sync {
    /// What does not fit in `parameters`. Empty also where only `create` can tell.
    fn check(&self, parameters: &Value) -> Vec<Violation>;

    /// Makes a node. `parameters` passed `check`.
    fn create(&self, id: &str, parameters: &Value) -> std::result::Result<Arc<Slot>, Fault>;

    /// The same type, but with nodes that run in a process of their own; nothing if they cannot.
    fn in_process(&self, _options: ProcessOptions) -> Option<Arc<dyn NodeType>> {
        None
    }
}

/// What makes nodes in processes of types that only those know, named `module:Class`.
pub trait Launcher: Send + Sync {
    /// The type of a name.
    fn node_type(&self, name: &str, options: ProcessOptions) -> Arc<dyn NodeType>;
}

/// The node types that a runtime knows, by name.
#[derive(Default)]
pub struct Registry {
    types: RwLock<BTreeMap<String, Arc<dyn NodeType>>>,
    launcher: OnceLock<Arc<dyn Launcher>>,
}

impl Registry {
    /// Adds a type, or replaces the one of that name.
    pub fn add(&self, name: &str, node_type: Arc<dyn NodeType>) {
        let mut types = self.types.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = types.insert(name.to_string(), node_type);
        // It may be the host's, which is not called under a lock.
        drop(types);
        drop(replaced);
    }

    /// Takes types away.
    pub fn remove(&self, names: &[String]) {
        let mut types = self.types.write().unwrap_or_else(PoisonError::into_inner);
        let removed: Vec<_> = names.iter().filter_map(|name| types.remove(name)).collect();
        // As above.
        drop(types);
        drop(removed);
    }

    /// Adds a type of native node made from parameters `P`, whose schema comes from the type.
    pub fn add_native<P, N, F>(&self, name: &str, create: F)
    where
        P: JsonSchema + DeserializeOwned + 'static,
        N: Node + 'static,
        F: Fn(P) -> std::result::Result<N, Fault> + Send + Sync + 'static,
    {
        self.add(name, Arc::new(NativeType { schema: Schema::of::<P>(), create: make_slot(create) }));
    }

    /// The type of a name. `XNode` and `X` are the same name.
    pub fn find(&self, name: &str) -> Option<Arc<dyn NodeType>> {
        let types = self.types.read().unwrap_or_else(PoisonError::into_inner);
        let other = name.strip_suffix("Node").map_or_else(|| format!("{name}Node"), str::to_string);
        types.get(name).or_else(|| types.get(&other)).cloned()
    }

    /// The type of a name, its parameters checked; the error names the node and what was meant.
    pub fn resolve(&self, id: &str, name: &str, parameters: &Value) -> Result<Arc<dyn NodeType>> {
        let node_type = self.find(name).ok_or_else(|| self.unknown(id, name))?;
        let violations = node_type.check(parameters);
        if violations.is_empty() {
            return Ok(node_type);
        }
        let list: Vec<Value> = violations.iter().map(|violation| violation.to_json(id, name)).collect();
        let message = format!("Parameter validation failed ({} error(s)): {}", list.len(), Value::Array(list));
        Err(Error::new(ErrorKind::Parameters, message))
    }

    /// The same for a node that is to run in a process of its own.
    pub fn resolve_in_process(
        &self,
        id: &str,
        name: &str,
        parameters: &Value,
        options: ProcessOptions,
    ) -> Result<Arc<dyn NodeType>> {
        if let (None, Some(launcher), true) = (self.find(name), self.launcher.get(), name.contains(':')) {
            return Ok(launcher.node_type(name, options));
        }
        self.resolve(id, name, parameters)?.in_process(options).ok_or_else(|| {
            invalid(format!("node '{id}' cannot run in a process of its own: '{name}' is built in; remove 'executor'"))
        })
    }

    /// Says what makes nodes of types that only another process knows. The first call counts.
    pub fn set_launcher(&self, launcher: Arc<dyn Launcher>) {
        let _ = self.launcher.set(launcher);
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.types.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn unknown(&self, id: &str, name: &str) -> Error {
        let names = self.names();
        let near = nearest_few(name, names.iter().map(String::as_str), 3);
        let hint = if near.is_empty() {
            format!("registered types are {}", names.join(", "))
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        Error::new(ErrorKind::UnknownType, format!("Unknown node type '{name}' for node '{id}'; {hint}"))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

type Create = Box<dyn Fn(&Value) -> std::result::Result<Arc<Slot>, Fault> + Send + Sync>;

struct NativeType {
    schema: Schema,
    create: Create,
}

fn make_slot<P, N, F>(create: F) -> Create
where
    P: DeserializeOwned,
    N: Node + 'static,
    F: Fn(P) -> std::result::Result<N, Fault> + Send + Sync + 'static,
{
    Box::new(move |parameters| {
        let parameters = serde_json::from_value(parameters.clone()).map_err(|error| Fault::new(error.to_string()))?;
        Ok(Slot::new(create(parameters)?))
    })
}

impl NodeType for NativeType {
    fn check(&self, parameters: &Value) -> Vec<Violation> {
        self.schema.check(parameters)
    }

    fn create(&self, _id: &str, parameters: &Value) -> std::result::Result<Arc<Slot>, Fault> {
        (self.create)(parameters)
    }
}
