//! Nodes of the host: a table of callbacks, run by the engine like any other node.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use remotemedia_core::{Context, Data, Fault, Flow, Kinds, NodeInfo, Outcome, Packet, Slot};

use crate::bridge::{Bridge, mark_entered};
use crate::call::Call;
use crate::error::Failure;
use crate::given::Given;
use crate::guard::{guard, guard_on};
use crate::handle::{self, Handled};
use crate::host::give;
use crate::objects::Objects;
use crate::packet::{RM_KIND_AUDIO, RM_KIND_BYTES, RM_KIND_JSON, RM_KIND_OBJECT, RM_KIND_TEXT, rm_packet};
use crate::status::*;
use crate::text::read_text;
use crate::told::Told;
use crate::versioned::{Destroy, Table, Versioned, check_zero, read_table};

/// A node. 0 is never valid.
pub type rm_node = u64;

/// The node makes packets by itself: `resume` is called from the start until it answers RM_OK.
pub const RM_NODE_SOURCE: u32 = 1;
/// The object table's `none` is a value like any other, not the lack of an output.
pub const RM_NODE_NONE_IS_VALUE: u32 = 2;

/// The packets of all inputs are matched by their pts, within `match_tolerance`. Those of a set come one after the other, in
/// the order of the ports; what finds no partner is dropped.
pub const RM_NODE_MATCH: u32 = 4;

/// The kinds of packet that a node can take or emit.
const KINDS: u32 =
    1 << RM_KIND_AUDIO | 1 << RM_KIND_TEXT | 1 << RM_KIND_JSON | 1 << RM_KIND_BYTES | 1 << RM_KIND_OBJECT;

/// A node of the host. Every function may be null; none may throw.
///
/// `initialize` comes first, then `process` for each packet in order, `flush` at the end of the stream, and `cleanup` once
/// for each `initialize`, whatever happened. Calls never overlap, but may come on different threads. Inside a callback
/// `rm_call_emit` sends packets on. It answers RM_OK (finished), RM_MORE (call `resume` when there is room), RM_PENDING
/// (the outcome comes through `rm_call_defer`), or a negative status: any after `rm_call_fail`, or that of a call of the
/// library which has failed in it, whose message is then the reason.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_node_callbacks {
    /// `sizeof(rm_node_callbacks)`.
    pub struct_size: u32,
    /// RM_NODE_….
    pub flags: u32,
    /// Passed to every function.
    pub user_data: *mut c_void,
    /// Called once, last, also when `rm_node_new` fails. [worker, or the thread that lets go of the node]
    pub destroy: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,
    /// Makes ready. A failure ends the session. [worker]
    pub initialize: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void) -> rm_status>,
    /// Takes one packet, which is borrowed for the call. [worker]
    pub process: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, packet: *const rm_packet) -> rm_status>,
    /// Goes on after RM_MORE; for a source, makes the next packet. [worker]
    pub resume: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void) -> rm_status>,
    /// Gives what is left at the end of the stream. [worker]
    pub flush: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void) -> rm_status>,
    /// Lets go of everything. [worker]
    pub cleanup: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void) -> rm_status>,
    /// The kinds of packet that it takes, bits `1 << RM_KIND_…`; 0 stands for all. Others become objects by the host's
    /// `import_packet`, if objects are among them, and else are refused.
    pub accepts: u32,
    /// The kinds of packet that it may emit; 0 stands for all.
    pub emits: u32,
    /// An object to call instead of `process`, if the host has an object table. A reference is counted.
    pub process_object: *mut c_void,
    /// An object to call instead of `resume`, with the table's `none`.
    pub resume_object: *mut c_void,
    /// The names of the input ports, separated by commas, in UTF-8; null stands for one port without a name. The packets of
    /// `process` and those given to `rm_call_emit` say their port by its number in this list, from 0. Copied.
    pub inputs: *const c_char,
    /// Its size in bytes.
    pub inputs_size: usize,
    /// The same for the output ports.
    pub outputs: *const c_char,
    /// Its size in bytes.
    pub outputs_size: usize,
    /// RM_NODE_MATCH: by how many nanoseconds the packets of a set may be apart.
    pub match_tolerance: i64,
    /// An object to call with an output that `process_object` has answered, before it is sent on: it answers as that does. If it
    /// answers the very object, those of the same type go by it, until it has done so for one of another type. Null if outputs
    /// are what they are; else the object table needs `type_of`.
    pub sort_object: *mut c_void,
    /// An object to call instead of `initialize`, with the table's `none`; what it answers counts as that of `resume_object`
    /// does, but for outputs, which neither this nor `cleanup_object` has.
    pub initialize_object: *mut c_void,
    /// An object to call instead of `flush`.
    pub flush_object: *mut c_void,
    /// An object to call instead of `cleanup`.
    pub cleanup_object: *mut c_void,
}

// SAFETY: integers, pointers and optional functions may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_node_callbacks {
    const NAME: &'static str = "rm_node_callbacks";
    const FIRST_SIZE: usize = offset_of!(rm_node_callbacks, sort_object);
}

impl Table for rm_node_callbacks {
    fn destroy(&self) -> Destroy {
        Destroy { destroy: self.destroy, user_data: self.user_data }
    }
}

pub(crate) struct Node(Arc<Slot>);

impl Handled for Node {
    const KIND: u8 = 3;
    const NAME: &'static str = "node";
}

impl Node {
    pub fn of(slot: Arc<Slot>) -> Node {
        Node(slot)
    }

    pub fn slot(&self) -> &Arc<Slot> {
        &self.0
    }
}

/// Makes a node of the host's callbacks. `host` may be 0 for a program without objects of its own: the library's threads
/// then make the calls.
///
/// Ownership: `*node` receives a handle that `rm_node_free` ends. The callbacks are copied; `user_data` must stay valid
/// until `destroy`, which is called also on failure.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UNSUPPORTED, RM_ERR_BAD_HANDLE, RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_node_new(host: u64, callbacks: *const rm_node_callbacks, node: *mut rm_node) -> rm_status {
    guard_on(0, || {
        // SAFETY: the caller vouches for `callbacks` and what they point to.
        let (callbacks, destroy) = unsafe { read_table(callbacks) }?;
        let bridge = handle::get_optional::<Bridge>(host)?;
        check_zero(callbacks.flags & !(RM_NODE_SOURCE | RM_NODE_NONE_IS_VALUE | RM_NODE_MATCH), "flags")?;
        check_zero(callbacks.accepts & !KINDS, "accepts")?;
        check_zero(callbacks.emits & !KINDS, "emits")?;
        // SAFETY: the caller vouches for both texts and their sizes.
        let (inputs, outputs) = unsafe {
            let inputs = read_text(callbacks.inputs, callbacks.inputs_size, "inputs")?;
            (names(inputs)?, names(read_text(callbacks.outputs, callbacks.outputs_size, "outputs")?)?)
        };
        let matching = matching(callbacks.flags, callbacks.match_tolerance, inputs.len())?;
        let ports = Ports { inputs, outputs, matching };
        let made = HostNode::new(callbacks, ports, bridge, destroy)?;
        // SAFETY: the caller vouches for `node`.
        unsafe { give(Arc::new(Node(Slot::new(made))), node, "node") }
    })
}

/// Ends a reference to a node. Pipelines and sessions that have it keep it alive.
///
/// Ownership: the handle is dead afterwards; `destroy` is called when nobody has the node any more.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_node_free(node: rm_node) -> rm_status {
    guard(|| handle::remove::<Node>(node).map(drop))
}

struct Ports {
    inputs: Vec<String>,
    outputs: Vec<String>,
    matching: Option<Duration>,
}

/// The names in a list.
pub(crate) fn names(list: &str) -> Result<Vec<String>, Failure> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = list.split(',').map(|name| name.trim().to_string()).collect();
    let wrong = |at: usize| names[at].is_empty() || names[at].contains('/') || names[..at].contains(&names[at]);
    if (0..names.len()).any(wrong) {
        let message = format!("the ports '{list}' are no list of different names without '/', separated by commas");
        return Err(Failure::new(RM_ERR_ARGUMENT, message));
    }
    Ok(names)
}

pub(crate) fn matching(flags: u32, tolerance: i64, inputs: usize) -> Result<Option<Duration>, Failure> {
    if flags & RM_NODE_MATCH == 0 {
        return Ok(None);
    }
    let tolerance = u64::try_from(tolerance).ok().filter(|_| inputs > 1);
    let message = "RM_NODE_MATCH needs two or more 'inputs', and a 'match_tolerance' of 0 or more";
    tolerance.map(|nanos| Some(Duration::from_nanos(nanos))).ok_or_else(|| Failure::new(RM_ERR_ARGUMENT, message))
}

struct HostNode {
    callbacks: rm_node_callbacks,
    ports: Ports,
    bridge: Option<Arc<Bridge>>,
    /// What to call through the object table, if there is one.
    objects: Option<Callables>,
    /// The type of the last output that was sorted and stayed what it was: a reference, or null.
    plain: Cell<*mut c_void>,
    /// The state that entering the host gave.
    entered: Option<(i32, *const Bridge)>,
    destroy: Option<Destroy>,
}

#[derive(Clone, Copy)]
struct Callables {
    table: Objects,
    process: *mut c_void,
    sort: Option<Sorting>,
}

/// The object that sorts outputs, and how to tell their types.
#[derive(Clone, Copy)]
struct Sorting {
    sort: *mut c_void,
    type_of: unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void,
}

impl Callables {
    fn named(callbacks: &rm_node_callbacks) -> impl Iterator<Item = *mut c_void> {
        let named = [
            callbacks.process_object,
            callbacks.resume_object,
            callbacks.sort_object,
            callbacks.initialize_object,
            callbacks.flush_object,
            callbacks.cleanup_object,
        ];
        named.into_iter().filter(|object| !object.is_null())
    }
}

// SAFETY: the pointers are the host's; the header says on which threads they are used.
unsafe impl Send for HostNode {}

impl HostNode {
    fn new(
        callbacks: rm_node_callbacks,
        ports: Ports,
        bridge: Option<Arc<Bridge>>,
        destroy: Destroy,
    ) -> Result<HostNode, Failure> {
        let table = bridge.as_ref().and_then(|bridge| bridge.objects());
        let wanted = Callables::named(&callbacks).next().is_some();
        let rm_node_callbacks { process_object: process, sort_object: sort, .. } = callbacks;
        let objects = match table {
            Some(table) if table.type_of.is_none() && !sort.is_null() => {
                let message = "'sort_object' needs an rm_object_table with 'type_of'";
                return Err(Failure::new(RM_ERR_ARGUMENT, message));
            }
            Some(&table) if wanted => {
                let sort = table.type_of.filter(|_| !sort.is_null()).map(|type_of| Sorting { sort, type_of });
                Some(Callables { table, process, sort })
            }
            None if wanted => {
                let message = "'process_object' and the other objects to call need a host with an rm_object_table";
                return Err(Failure::new(RM_ERR_ARGUMENT, message));
            }
            _ => None,
        };
        if let Some(Callables { table, .. }) = &objects {
            // SAFETY: objects of the host that the caller holds, between `enter` and `leave`.
            unsafe {
                let state = (table.enter)();
                Callables::named(&callbacks).for_each(|object| (table.retain)(object));
                (table.leave)(state);
            }
        }
        let plain = Cell::new(ptr::null_mut());
        Ok(HostNode { callbacks, ports, bridge, objects, plain, entered: None, destroy: Some(destroy) })
    }

    fn is_lifeless(&self) -> bool {
        let rm_node_callbacks { initialize, cleanup, initialize_object, cleanup_object, .. } = &self.callbacks;
        initialize.is_none() && cleanup.is_none() && initialize_object.is_null() && cleanup_object.is_null()
    }

    /// Makes a callback, with the engine's context at hand.
    fn call(&self, given: Option<&Given>, context: &mut Context<'_>, body: impl FnOnce() -> rm_status) -> Outcome {
        let mut call = Call {
            bridge: self.bridge.as_ref().map_or(ptr::null(), Arc::as_ptr),
            // The lifetimes are forgotten here and kept by `Call::run`, which ends before the borrow does.
            context: ptr::from_mut(context).cast::<Context<'static>>(),
            given: given.map_or(ptr::null(), ptr::from_ref),
            told: Told::default(),
            parcel: None,
        };
        match call.run(body) {
            RM_OK => Ok(Flow::Done),
            RM_MORE => Ok(Flow::More),
            RM_PENDING => Ok(Flow::Pending),
            status => Err(fault(call.told, status)),
        }
    }

    /// Calls an object, if there is one, or else a function, with nothing; `goes_on` is the flow after an output of the former.
    fn simple(
        &self,
        object: *mut c_void,
        callback: Option<unsafe extern "C-unwind" fn(*mut c_void) -> rm_status>,
        goes_on: Flow,
        context: &mut Context<'_>,
    ) -> Outcome {
        if let Some(callables) = self.objects.as_ref().filter(|_| !object.is_null()) {
            let answer = self.call_object(callables, object, callables.table.none, context)?;
            return Ok(self.conclude(callables, answer, goes_on, None, context));
        }
        let Some(callback) = callback else { return Ok(Flow::Done) };
        // SAFETY: the host's function with the host's pointer.
        self.call(None, context, || unsafe { callback(self.callbacks.user_data) })
    }

    /// Calls an object with an object: what it answers, unless that says that it has failed.
    #[inline(always)]
    fn call_object(
        &self,
        callables: &Callables,
        callable: *mut c_void,
        argument: *mut c_void,
        context: &mut Context<'_>,
    ) -> Result<*mut c_void, Fault> {
        let mut call = Call {
            bridge: self.bridge.as_ref().map_or(ptr::null(), Arc::as_ptr),
            context: ptr::from_mut(context).cast::<Context<'static>>(),
            given: ptr::null(),
            told: Told::default(),
            parcel: None,
        };
        let table = &callables.table;
        let result = call.run(|| {
            // SAFETY: both objects are alive, and this thread has entered the host (`enter`).
            let result = unsafe { (table.call)(callable, argument) };
            if result.is_null() {
                // SAFETY: as above, and it is in the callback.
                unsafe { table.tell() };
            }
            result
        });
        if result.is_null() || result == table.failed {
            // SAFETY: a reference that the call gave, if it gave one.
            unsafe { table.release_all([result]) };
            return Err(fault(call.told, RM_ERR_NODE));
        }
        Ok(result)
    }

    /// Has the host look at an answer that is an output, unless it did at the last one of this type, and let it be.
    #[inline(always)]
    fn sort(
        &self,
        callables: &Callables,
        answer: *mut c_void,
        context: &mut Context<'_>,
    ) -> Result<*mut c_void, Fault> {
        let table = &callables.table;
        let Some(Sorting { sort, type_of }) = callables.sort.filter(|_| !table.is_mark(answer)) else {
            return Ok(answer);
        };
        // SAFETY: this thread has entered the host; each reference is given back once.
        unsafe {
            let kind = type_of(answer);
            // It cannot be another type at the same place: there is a reference to that one.
            if kind == self.plain.get() {
                (table.release)(kind);
                return Ok(answer);
            }
            self.sort_anew(callables, sort, (answer, kind), context)
        }
    }

    /// The same for one of another type; takes over the references to the answer and to its type.
    ///
    /// # Safety
    /// This thread has entered the host, and has both references.
    #[cold]
    unsafe fn sort_anew(
        &self,
        callables: &Callables,
        sort: *mut c_void,
        (answer, kind): (*mut c_void, *mut c_void),
        context: &mut Context<'_>,
    ) -> Result<*mut c_void, Fault> {
        let sorted = self.call_object(callables, sort, answer, context);
        let stays = sorted.as_ref().is_ok_and(|&sorted| sorted == answer);
        // SAFETY: the same promise; each is given back once.
        unsafe { callables.table.release_all([answer, if stays { self.plain.replace(kind) } else { kind }]) };
        sorted
    }

    /// What an answer of an object comes to; `goes_on` is the flow after an output. That takes the place of the object in a
    /// packet that is spent, if there is one: a new one would cost about as much as the call.
    #[inline(always)]
    fn conclude(
        &self,
        callables: &Callables,
        answer: *mut c_void,
        goes_on: Flow,
        mut spent: Option<Box<Packet>>,
        context: &mut Context<'_>,
    ) -> Flow {
        let table = &callables.table;
        if table.is_mark(answer) {
            let keeps_none = self.callbacks.flags & RM_NODE_NONE_IS_VALUE != 0;
            let flow = match answer {
                mark if mark == table.more => Some(Flow::More),
                mark if mark == table.pending => Some(Flow::Pending),
                mark if mark == table.done => Some(Flow::Done),
                _ if keeps_none => None,
                _ => Some(goes_on),
            };
            if let Some(flow) = flow {
                // SAFETY: a reference that the call gave; the host holds another for as long as the table is used.
                unsafe { (table.release)(answer) };
                return flow;
            }
        }
        if let Some(Data::Object(object)) = spent.as_mut().map(|packet| &mut packet.data) {
            if let Some(before) = object.exchange(answer as usize) {
                // SAFETY: the packet's own reference, and this thread has entered the host.
                unsafe { (table.release)(before as *mut c_void) };
            }
        } else {
            let adopted = self.bridge.as_ref().and_then(|bridge| bridge.adopt(answer));
            spent = adopted.map(|object| Box::new(Packet::new(Data::Object(object))));
        }
        if let Some(mut packet) = spent {
            (packet.port, packet.metadata) = (0, None);
            context.emit(packet);
        }
        goes_on
    }

    /// The packet itself if the callback takes it, else one with an object made of it.
    fn fit(&self, mut packet: Box<Packet>) -> Result<Box<Packet>, Fault> {
        let foreign = match &packet.data {
            Data::Object(object) => !self.bridge.as_ref().is_some_and(|bridge| bridge.owns(object)),
            data => self.callbacks.accepts != 0 && !Kinds::from_bits(self.callbacks.accepts).meets(data.kind()),
        };
        if !foreign {
            return Ok(packet);
        }
        self.own_object(&mut packet)?;
        packet.metadata = None;
        Ok(packet)
    }

    /// The packet's object, if it is of this node's host; else one is made of what it carries, in place of that.
    #[inline]
    fn own_object(&self, packet: &mut Packet) -> Result<*mut c_void, Fault> {
        match (&packet.data, self.bridge.as_deref()) {
            (Data::Object(object), Some(bridge)) if bridge.owns(object) => Ok(object.object() as *mut c_void),
            _ => self.import(packet),
        }
    }

    #[cold]
    fn import(&self, packet: &mut Packet) -> Result<*mut c_void, Fault> {
        let bridge =
            self.bridge.as_deref().ok_or_else(|| Fault::input("the node has no host that could take objects"))?;
        let made = match &packet.data {
            Data::Object(object) => {
                bridge.import(&object.host().export(object.object(), Kinds::DATA).map_err(Fault::input)?)?
            }
            _ => bridge.import(packet)?,
        };
        let object = made.object() as *mut c_void;
        packet.data = Data::Object(made);
        Ok(object)
    }
}

#[cold]
fn fault(told: Told, status: rm_status) -> Fault {
    let why = told.why(status);
    let mut fault = why.unwrap_or_else(|| Fault::new(format!("the callback answered {status} without saying why")));
    fault.kind = kind_of(status);
    fault
}

impl remotemedia_core::Node for HostNode {
    fn info(&self) -> NodeInfo {
        let source = self.callbacks.flags & RM_NODE_SOURCE != 0;
        let any = if self.bridge.is_some() { Kinds::ANY } else { Kinds::DATA };
        let kinds = |bits| if bits == 0 { any } else { Kinds::from_bits(bits) };
        let imports = kinds(self.callbacks.accepts).meets(Kinds::OBJECT);
        NodeInfo {
            source,
            accepts: match source {
                true => Kinds::NONE,
                false if imports => any,
                false => kinds(self.callbacks.accepts),
            },
            emits: kinds(self.callbacks.emits),
            lane: self.bridge.as_ref().and_then(|bridge| bridge.lane().cloned()),
            inputs: self.ports.inputs.clone(),
            outputs: self.ports.outputs.clone(),
            matching: self.ports.matching,
            lifeless: self.is_lifeless(),
            ..NodeInfo::filter(Kinds::NONE, Kinds::NONE)
        }
    }

    fn initialize(&mut self, context: &mut Context<'_>) -> Outcome {
        let rm_node_callbacks { initialize_object, initialize, .. } = self.callbacks;
        self.simple(initialize_object, initialize, Flow::Done, context)
    }

    fn process(&mut self, mut packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        match &self.objects {
            Some(callables) if !callables.process.is_null() => {
                let object = self.own_object(&mut packet)?;
                let answer = self.call_object(callables, callables.process, object, context)?;
                let answer = self.sort(callables, answer, context)?;
                Ok(self.conclude(callables, answer, Flow::Done, Some(packet), context))
            }
            _ => {
                let Some(process) = self.callbacks.process else { return Ok(Flow::Done) };
                let given = Given::new(self.fit(packet)?);
                // SAFETY: the host's function with the host's pointer; what it is given lives until it returns.
                self.call(Some(&given), context, || unsafe { process(self.callbacks.user_data, given.as_ptr()) })
            }
        }
    }

    fn resume(&mut self, context: &mut Context<'_>) -> Outcome {
        let rm_node_callbacks { resume_object, resume, .. } = self.callbacks;
        self.simple(resume_object, resume, Flow::More, context)
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Outcome {
        let rm_node_callbacks { flush_object, flush, .. } = self.callbacks;
        self.simple(flush_object, flush, Flow::Done, context)
    }

    fn cleanup(&mut self, context: &mut Context<'_>) -> Outcome {
        let rm_node_callbacks { cleanup_object, cleanup, .. } = self.callbacks;
        self.simple(cleanup_object, cleanup, Flow::Done, context)
    }

    fn enter(&mut self) -> bool {
        let (Some(callables), Some(bridge)) = (&self.objects, &self.bridge) else { return false };
        // SAFETY: this is a worker of the host, and `leave` follows on it.
        let state = unsafe { (callables.table.enter)() };
        self.entered = Some((state, mark_entered(Arc::as_ptr(bridge))));
        bridge.collect_by_the_way();
        true
    }

    fn leave(&mut self) {
        if let (Some((state, before)), Some(callables)) = (self.entered.take(), &self.objects) {
            mark_entered(before);
            // SAFETY: ends what `enter` began, on the same thread.
            unsafe { (callables.table.leave)(state) };
        }
    }
}

impl Drop for HostNode {
    fn drop(&mut self) {
        let Some(bridge) = &self.bridge else { return };
        if self.objects.is_some() {
            let held = Callables::named(&self.callbacks).chain([self.plain.get()]);
            held.for_each(|object| remotemedia_core::Host::release(bridge.as_ref(), object as usize));
        }
        // On a worker of the host, where its calls belong; once the lane is closed, here.
        let destroy = self.destroy.take().filter(|destroy| destroy.destroy.is_some());
        if let (Some(lane), Some(destroy)) = (bridge.lane(), destroy) {
            let _ = lane.note(move || drop(destroy));
        }
    }
}
