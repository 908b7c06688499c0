//! The nodes that are not about audio.

mod common;

use common::{json as value, packets, run};
use remotemedia_core::{Data, ErrorKind, Packet, Time};
use serde_json::{Value, json};

#[test]
fn pass_through_changes_nothing() {
    let mut inputs = vec![Packet::text("hello"), Packet::json(json!({"a": 1}))];
    inputs.extend(packets(&[vec![0.5; 10]], 8000, &[10], 77));
    inputs[0].pts = Time::from_nanos(5);
    let outputs = run(&[("PassThrough", json!({}))], inputs).ok();
    assert!(matches!(&outputs[0].data, Data::Text(text) if &**text == "hello"));
    assert_eq!((outputs[0].pts.nanos(), outputs[0].index), (Some(5), 0));
    assert_eq!(value(&outputs[1]), &json!({"a": 1}));
    assert!(matches!(&outputs[2].data, Data::Audio(audio) if audio.frames() == 10));
    assert_eq!((outputs[2].pts.nanos(), outputs[2].index), (Some(77), 2));
}

#[test]
fn types_have_two_names() {
    for name in ["PassThrough", "PassThroughNode", "Calculator", "CalculatorNode"] {
        assert!(run(&[(name, json!({}))], Vec::new()).ok().is_empty(), "{name}");
    }
    for name in ["AudioFileSource", "FastResample", "WavSink"] {
        assert!(common::runtime().registry().find(name).is_some(), "{name}");
    }
}

#[test]
fn pass_through_has_no_parameters() {
    let run = run(&[("PassThrough", json!({"a": 1}))], Vec::new());
    assert!(run.message().contains("Parameter validation failed"), "{}", run.message());
}

/// What the calculator makes of one input.
fn calculate(parameters: Value, input: Value) -> Result<Value, String> {
    let run = run(&[("CalculatorNode", parameters)], vec![Packet::json(input)]);
    match &run.error {
        Some(error) => Err(error.message.clone()),
        None => Ok(value(&run.packets[0]).clone()),
    }
}

#[test]
fn numbers_stay_what_they_are_where_they_can() {
    let of = |operation: &str, a: Value, b: Value| calculate(json!({"operation": operation, "operand": b}), a);
    for (operation, a, b, expected) in [
        ("add", json!(2), json!(3), json!(5)),
        ("add", json!(2), json!(0.5), json!(2.5)),
        ("add", json!(2), json!(3.0), json!(5.0)),
        ("add", json!(i64::MAX), json!(1), json!(9_223_372_036_854_775_808u64)),
        ("add", json!(u64::MAX), json!(1), json!(18_446_744_073_709_551_616.0)),
        ("subtract", json!(i64::MIN), json!(1), json!(-9_223_372_036_854_775_809.0)),
        ("subtract", json!(2), json!(3), json!(-1)),
        ("multiply", json!(-4), json!(5), json!(-20)),
        ("multiply", json!(i64::MAX), json!(i64::MAX), json!(8.507_059_173_023_462e37)),
        ("divide", json!(6), json!(3), json!(2.0)),
        ("divide", json!(1), json!(4), json!(0.25)),
        ("power", json!(2), json!(10), json!(1024)),
        ("power", json!(2), json!(-1), json!(0.5)),
        ("power", json!(2), json!(64), json!(18_446_744_073_709_551_616.0)),
        ("power", json!(0), json!(0), json!(1)),
        ("power", json!(2.5), json!(2), json!(6.25)),
        ("modulo", json!(7), json!(3), json!(1)),
        ("modulo", json!(-7), json!(3), json!(2)),
        ("modulo", json!(7), json!(-3), json!(-2)),
        ("modulo", json!(-7.5), json!(2), json!(0.5)),
        ("modulo", json!(i64::MIN), json!(-1), json!(0)),
    ] {
        let result = of(operation, a.clone(), b.clone());
        assert_eq!(result.as_ref().map(ToString::to_string), Ok(expected.to_string()), "{a} {operation} {b}");
    }
    for (operation, a, b, expected) in [
        ("divide", json!(1), json!(0), "division by zero: 1 / 0"),
        ("modulo", json!(1), json!(0), "division by zero: 1 % 0"),
        ("power", json!(0), json!(-1), "division by zero: 0 ** -1"),
        ("power", json!(-1), json!(0.5), "the result of -1 ** 0.5 is not a real number"),
        ("power", json!(10), json!(400), "the result of 10 ** 400 is too large"),
        ("multiply", json!(1e300), json!(1e300), "is too large"),
        ("add", json!("2"), json!(3), "expected a number, got the text \"2\""),
        ("add", json!(null), json!(3), "expected a number, got null"),
        ("add", json!({"operation": "add", "operands": [1, 2]}), json!(3), "expected a number, got the object"),
    ] {
        let error = of(operation, a.clone(), b).expect_err("a fault");
        assert!(error.contains(expected) && error.contains("Invalid input for node"), "{a} {operation}: {error}");
    }
}

#[test]
fn objects_say_what_to_calculate() {
    let of = |input: Value| calculate(json!({}), input);
    let result = of(json!({"operation": "add", "operands": [10, 20]}));
    assert_eq!(
        result.map(|r| r.to_string()),
        Ok(json!({"operation": "add", "operands": [10, 20], "result": 30.0}).to_string())
    );
    let result = of(json!({"operation": "subtract", "args": [10, 3, 2]}));
    assert_eq!(
        result.map(|r| r.to_string()),
        Ok(json!({"operation": "subtract", "args": [10, 3, 2], "result": 5.0}).to_string())
    );
    assert_eq!(of(json!({"operation": "power", "args": [2, 3, 2]})).map(|r| r["result"].clone()), Ok(json!(64.0)));
    for (input, expected) in [
        (json!(5), "expected an object {\"operation\": ..., \"operands\": [a, b]} or"),
        (json!([1, 2]), "got the list [1,2]"),
        (json!({}), "got no 'operation'"),
        (
            json!({"operation": "sqrt", "operands": [1, 2]}),
            "unknown operation \"sqrt\"; known operations are add, subtract, multiply, divide, power, modulo",
        ),
        (json!({"operation": 5, "operands": [1, 2]}), "unknown operation 5"),
        (json!({"operation": "add"}), "expected 'operands' or 'args', got neither"),
        (json!({"operation": "add", "operands": [1, 2], "args": [1]}), "got both"),
        (json!({"operation": "add", "operands": [1, 2], "args_": [1]}), "got the unknown key 'args_'"),
        (json!({"operation": "add", "operands": [1]}), "expected 2 numbers in 'operands', got 1"),
        (json!({"operation": "add", "operands": [1, 2, 3]}), "expected 2 numbers in 'operands', got 3"),
        (json!({"operation": "add", "args": [1]}), "expected at least 2 numbers in 'args', got 1"),
        (json!({"operation": "add", "operands": 3}), "expected 'operands' to be a list of numbers, got the number 3"),
        (json!({"operation": "add", "operands": [1, "2"]}), "expected only numbers in 'operands', got the text \"2\""),
        (json!({"operation": "divide", "args": [1, 2, 0]}), "division by zero: 0.5 / 0"),
        (json!("é".repeat(100)), "got the text \"éé"),
    ] {
        let error = of(input.clone()).expect_err("a fault");
        assert!(
            error.contains(expected) && error.contains("Invalid input for node 'CalculatorNode'"),
            "{input}: {error}"
        );
    }
    let run = run(&[("CalculatorNode", json!({}))], vec![Packet::text("1 + 1")]);
    assert!(run.message().contains("expected json, got text"), "{}", run.message());
    assert_eq!(run.error.map(|error| error.kind), Some(ErrorKind::Input));
}

#[test]
fn the_calculator_needs_both_parameters_or_none() {
    for (parameters, expected) in [
        (json!({"operation": "add"}), "operand"),
        (json!({"operand": 1}), "operation"),
        (json!({"operation": "sqrt", "operand": 1}), "operation"),
        (json!({"operation": "add", "operand": "1"}), "operand"),
        (json!({"operation": "add", "operands": 1}), "did you mean 'operand'?"),
    ] {
        let error = calculate(parameters, json!(1)).expect_err("a fault");
        assert!(error.contains("Parameter validation failed") && error.contains(expected), "{error}");
    }
}
