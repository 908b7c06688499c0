//! The C header.

use std::io;
use std::path::Path;

pub fn generate(abi: &Path) -> io::Result<String> {
    let config = cbindgen::Config::from_file(abi.join("cbindgen.toml")).map_err(io::Error::other)?;
    let bindings = cbindgen::Builder::new().with_crate(abi).with_config(config).generate().map_err(io::Error::other)?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    Ok(parenthesise(&text))
}

/// cbindgen prints negative constants bare; `a RM_ERR_X` must not become `a -1`.
fn parenthesise(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("#define ").and_then(|define| define.rsplit_once(" -")) {
        Some((name, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("#define {name} (-{digits})\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}
