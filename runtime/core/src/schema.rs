//! JSON Schema: what a manifest and the parameters of a node may look like, and what to say when they do not.

use std::fmt;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::suggest::nearest;

/// A compiled schema.
pub struct Schema {
    value: Value,
    validator: Validator,
}

/// One way in which a value does not fit.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Where in the value, as a JSON pointer; empty for the value itself.
    pub path: String,
    /// The keyword of the schema that refused it.
    pub constraint: String,
    /// What the schema asks for.
    pub expected: Value,
    /// What was there.
    pub received: Value,
    /// The same in words.
    pub message: String,
}

impl Schema {
    /// The schema of a Rust type.
    pub fn of<T: JsonSchema>() -> Schema {
        let value = schemars::schema_for!(T).to_value();
        // A schema generated from a type always compiles; without one, everything is refused rather than let through.
        let validator = jsonschema::validator_for(&value)
            .or_else(|_| jsonschema::validator_for(&Value::Bool(false)))
            .unwrap_or_else(|error| unreachable!("the schema `false` does not compile: {error}"));
        Schema { value, validator }
    }

    /// The schema as a JSON document.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Everything about `instance` that does not fit; empty if it fits.
    pub fn check(&self, instance: &Value) -> Vec<Violation> {
        self.validator.iter_errors(instance).map(|error| self.describe(instance, &error)).collect()
    }

    fn describe(&self, whole: &Value, error: &jsonschema::ValidationError<'_>) -> Violation {
        let schema_path = error.schema_path().to_string();
        let expected = self.value.pointer(&schema_path).cloned().unwrap_or(Value::Null);
        let mut message = error.to_string();
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
            let known = self.known_keys(&schema_path);
            message = unexpected.iter().map(|key| unknown_key(key, &known)).collect::<Vec<_>>().join("; ");
        }
        if let ValidationErrorKind::FalseSchema = error.kind() {
            // What a struct without fields says to any key; it does not say which.
            let object = whole.pointer(error.instance_path().as_str()).and_then(Value::as_object);
            let keys = object.into_iter().flat_map(|object| object.keys());
            message = keys.map(|key| unknown_key(key, &[])).collect::<Vec<_>>().join("; ");
        }
        Violation {
            path: error.instance_path().to_string(),
            constraint: error.kind().keyword().to_string(),
            expected,
            received: error.instance().as_ref().clone(),
            message,
        }
    }

    /// The keys that the object schema around `schema_path` knows.
    fn known_keys(&self, schema_path: &str) -> Vec<String> {
        let parent = schema_path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self.value.pointer(&format!("{parent}/properties"));
        properties.and_then(Value::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default()
    }
}

fn unknown_key(key: &str, known: &[String]) -> String {
    match nearest(key, known.iter().map(String::as_str)) {
        Some(near) => format!("unknown key '{key}'; did you mean '{near}'?"),
        None if known.is_empty() => format!("unknown key '{key}'; nothing can be set here"),
        None => format!("unknown key '{key}'; known keys are {}", known.join(", ")),
    }
}

impl Violation {
    /// The violation as a JSON object, placed at a node.
    pub fn to_json(&self, node_id: &str, node_type: &str) -> Value {
        json!({
            "node_id": node_id,
            "node_type": node_type,
            "path": self.path,
            "constraint": self.constraint,
            "expected": self.expected,
            "received": self.received,
            "message": self.message,
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "at {}: {}", self.path, self.message) }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    #[test]
    fn where_nothing_can_be_set_the_key_is_named() {
        let violations = Schema::of::<Nothing>().check(&json!({"volume": 1}));
        assert_eq!(violations[0].message, "unknown key 'volume'; nothing can be set here");
    }
}
