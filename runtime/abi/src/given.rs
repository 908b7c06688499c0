//! The packet that a callback was given: the callback may send it on, or parts of it.

use std::cell::{Cell, RefCell};

use remotemedia_core::{Buffer, Context, Packet, Time};

use crate::bridge::Bridge;
use crate::error::Outcome;
use crate::packet::{PacketView, Reader, rm_packet};

pub(crate) struct Given {
    view: PacketView,
    /// The packet, until it is sent on as it is.
    packet: RefCell<Option<Box<Packet>>>,
    /// From then on, which of the packets that were sent it is.
    sent: Cell<usize>,
}

impl Given {
    pub fn new(packet: Box<Packet>) -> Given {
        Given { view: PacketView::of(&packet), packet: RefCell::new(Some(packet)), sent: Cell::new(0) }
    }

    pub fn as_ptr(&self) -> *const rm_packet {
        self.view.as_ptr()
    }

    /// Sends the packet on if that is what `raw` describes, but for its times and its port; whether it is. Nothing is copied:
    /// the packet goes on in the box that it came in.
    pub fn pass(&self, raw: &rm_packet, context: &mut Context<'_>) -> bool {
        if !self.view.is_whole(raw) || !context.can_emit() {
            return false;
        }
        let mut packet = match self.packet.take() {
            Some(packet) => {
                self.sent.set(context.sent().len());
                packet
            }
            None => match self.view.again(&context.sent()[self.sent.get()]) {
                Some(packet) => Box::new(packet),
                None => return false,
            },
        };
        packet.pts = Time::from_nanos(raw.pts);
        packet.duration = Time::from_nanos(raw.duration).or(packet.data.duration());
        packet.port = raw.port;
        context.emit(packet);
        true
    }

    /// Reads what the callback sends on, which may lie in the memory of the packet.
    ///
    /// # Safety
    /// As for [`Reader::read`].
    pub unsafe fn read(&self, bridge: Option<&Bridge>, raw: &rm_packet, context: &Context<'_>) -> Outcome<Packet> {
        // SAFETY: the same promise.
        self.look(context, |packet| unsafe { Reader { bridge, given: Some((&self.view, packet)) }.read_known(raw) })
    }

    /// The payload, to outlive the callback.
    pub fn keep(&self, context: &Context<'_>) -> Outcome<Buffer> {
        self.look(context, |packet| self.view.keep(packet))
    }

    fn look<T>(&self, context: &Context<'_>, body: impl FnOnce(&Packet) -> T) -> T {
        match &*self.packet.borrow() {
            Some(packet) => body(packet),
            None => body(&context.sent()[self.sent.get()]),
        }
    }
}
