//! What cargo does not do for a shared library: a soname, and a promise that it stays loaded.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // One number for every compatible library: the major version of the ABI.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libremotemedia.so.0");
        // Threads and thread-local destructors outlive a dlclose; unloading their code would crash.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
