//! A node that calculates.

use remotemedia_core::{Context, Data, Fault, Flow, Kinds, Node, NodeInfo, Outcome, Packet};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

/// What to calculate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// a + b
    Add,
    /// a - b
    Subtract,
    /// a × b
    Multiply,
    /// a ÷ b
    Divide,
    /// a to the power of b
    Power,
    /// What is left of a after taking away b as often as it goes: it has the sign of b, as in Python.
    Modulo,
}

impl Operation {
    const ALL: [(&'static str, Operation); 6] = [
        ("add", Operation::Add),
        ("subtract", Operation::Subtract),
        ("multiply", Operation::Multiply),
        ("divide", Operation::Divide),
        ("power", Operation::Power),
        ("modulo", Operation::Modulo),
    ];

    fn named(value: &Value) -> Result<Operation, Fault> {
        let found = value.as_str().and_then(|name| Operation::ALL.iter().find(|(known, _)| *known == name));
        found.map(|(_, operation)| *operation).ok_or_else(|| {
            let known: Vec<&str> = Operation::ALL.iter().map(|(name, _)| *name).collect();
            Fault::input(format!("unknown operation {value}; known operations are {}", known.join(", ")))
        })
    }

    /// The result as a float.
    fn float(self, a: f64, b: f64) -> Result<f64, Fault> {
        let of_zero = b == 0.0 && matches!(self, Operation::Divide | Operation::Modulo);
        if of_zero || (self == Operation::Power && a == 0.0 && b < 0.0) {
            return Err(Fault::input(format!("division by zero: {}", self.term(a, b))));
        }
        let result = match self {
            Operation::Add => a + b,
            Operation::Subtract => a - b,
            Operation::Multiply => a * b,
            Operation::Divide => a / b,
            Operation::Power => a.powf(b),
            Operation::Modulo => {
                let rest = a % b;
                if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
            }
        };
        if result.is_finite() {
            return Ok(result);
        }
        let why = if result.is_nan() { "is not a real number" } else { "is too large" };
        Err(Fault::input(format!("the result of {} {why}", self.term(a, b))))
    }

    /// The result as an integer, where it is one of 64 bits.
    fn integer(self, a: &Number, b: &Number) -> Option<Number> {
        // Sums and products of 64-bit integers fit into 128 bits.
        let (a, b) = (integer(a)?, integer(b)?);
        let result = match self {
            Operation::Add => a.checked_add(b)?,
            Operation::Subtract => a.checked_sub(b)?,
            Operation::Multiply => a.checked_mul(b)?,
            Operation::Divide => return None,
            Operation::Power => a.checked_pow(u32::try_from(b).ok()?)?,
            Operation::Modulo => {
                let rest = a.checked_rem(b)?;
                if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
            }
        };
        let signed = i64::try_from(result).map(Number::from);
        signed.or_else(|_| u64::try_from(result).map(Number::from)).ok()
    }

    fn term(self, a: f64, b: f64) -> String {
        let sign = match self {
            Operation::Add => "+",
            Operation::Subtract => "-",
            Operation::Multiply => "*",
            Operation::Divide => "/",
            Operation::Power => "**",
            Operation::Modulo => "%",
        };
        format!("{a} {sign} {b}")
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// The parameters of `CalculatorNode`: both, or none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("dependentRequired" = {"operation": ["operand"], "operand": ["operation"]}))]
pub struct CalculatorParameters {
    /// What to do with each number.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// The number on the right side of the operation.
    #[serde(default)]
    pub operand: Option<Number>,
}

/// Calculates with what it takes.
///
/// With parameters it takes numbers, and emits a number for each: an integer where everything is one and so is the
/// result, which that of a division never counts as; else a float. Without parameters it takes objects,
/// `{"operation": "add", "operands": [1, 2]}` or `{"operation": "add", "args": [1, 2, 3]}`, and emits them with a
/// `"result"`, a float. With `args` the operation is applied from left to right.
#[derive(Debug)]
pub struct Calculator {
    fixed: Option<(Operation, Number)>,
}

impl Calculator {
    /// A calculator; the fault says which parameter is missing.
    pub fn new(parameters: CalculatorParameters) -> Result<Calculator, Fault> {
        let fixed = match (parameters.operation, parameters.operand) {
            (Some(operation), Some(operand)) => Some((operation, operand)),
            (None, None) => None,
            (Some(_), None) => return Err(Fault::new("'operation' needs 'operand'; give both or neither")),
            (None, Some(_)) => return Err(Fault::new("'operand' needs 'operation'; give both or neither")),
        };
        Ok(Calculator { fixed })
    }

    /// What comes out for `value`.
    pub fn calculate(&self, value: &Value) -> Result<Value, Fault> {
        match (&self.fixed, value) {
            (Some((operation, operand)), Value::Number(number)) => apply(*operation, number, operand),
            (Some(_), other) => Err(Fault::input(format!("expected a number, got {}", describe(other)))),
            (None, Value::Object(object)) => evaluate(object),
            (None, other) => Err(Fault::input(format!("expected {EXPECTED}, got {}", describe(other)))),
        }
    }
}

const EXPECTED: &str = r#"an object {"operation": ..., "operands": [a, b]} or {"operation": ..., "args": [a, b, ...]}"#;

fn apply(operation: Operation, number: &Number, operand: &Number) -> Result<Value, Fault> {
    if let Some(result) = operation.integer(number, operand) {
        return Ok(Value::Number(result));
    }
    operation.float(float(number)?, float(operand)?).map(Value::from)
}

fn evaluate(object: &Map<String, Value>) -> Result<Value, Fault> {
    let unknown = object.keys().find(|key| !matches!(key.as_str(), "operation" | "operands" | "args"));
    if let Some(unknown) = unknown {
        return Err(Fault::input(format!("expected {EXPECTED}, got the unknown key '{unknown}'")));
    }
    let Some(name) = object.get("operation") else {
        return Err(Fault::input(format!("expected {EXPECTED}, got no 'operation'")));
    };
    let operation = Operation::named(name)?;
    let (key, list) = match (object.get("operands"), object.get("args")) {
        (Some(operands), None) => ("operands", operands),
        (None, Some(args)) => ("args", args),
        (Some(_), Some(_)) => return Err(Fault::input("expected 'operands' or 'args', got both")),
        (None, None) => return Err(Fault::input("expected 'operands' or 'args', got neither")),
    };
    let numbers: Vec<f64> = match list {
        Value::Array(values) => values.iter().map(|value| operand(key, value)).collect::<Result<_, _>>()?,
        other => {
            return Err(Fault::input(format!("expected '{key}' to be a list of numbers, got {}", describe(other))));
        }
    };
    let result = match (key, numbers.as_slice()) {
        ("operands", &[a, b]) => operation.float(a, b)?,
        ("args", [first, rest @ ..]) if !rest.is_empty() => {
            rest.iter().try_fold(*first, |result, number| operation.float(result, *number))?
        }
        (_, numbers) => {
            let wanted = if key == "operands" { "2" } else { "at least 2" };
            return Err(Fault::input(format!("expected {wanted} numbers in '{key}', got {}", numbers.len())));
        }
    };
    Ok(json!({"operation": name, key: list, "result": result}))
}

fn operand(key: &str, value: &Value) -> Result<f64, Fault> {
    match value {
        Value::Number(number) => float(number),
        other => Err(Fault::input(format!("expected only numbers in '{key}', got {}", describe(other)))),
    }
}

fn float(number: &Number) -> Result<f64, Fault> {
    number.as_f64().ok_or_else(|| Fault::input(format!("the number {number} is too large")))
}

/// A value as a message names it: what it is, and the start of it.
fn describe(value: &Value) -> String {
    const MOST: usize = 60;
    let kind = match value {
        Value::Null => return "null".into(),
        Value::Bool(_) => "the boolean",
        Value::Number(_) => "the number",
        Value::String(_) => "the text",
        Value::Array(_) => "the list",
        Value::Object(_) => "the object",
    };
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{kind} {}...", &text[..end]),
        None => format!("{kind} {text}"),
    }
}

impl Node for Calculator {
    fn info(&self) -> NodeInfo {
        NodeInfo::filter(Kinds::JSON, Kinds::JSON)
    }

    fn process(&mut self, mut packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        let Data::Json(value) = &packet.data else {
            return Err(Fault::input(format!("expected JSON, got {}", packet.data.kind())));
        };
        packet.data = Data::Json(self.calculate(value)?.into());
        context.emit(packet);
        Ok(Flow::Done)
    }
}
