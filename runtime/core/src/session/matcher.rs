//! Fan-in by time: packets of several ports that belong together.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use crate::{Data, Packet};

/// What waits at each port for its partners.
pub(super) struct Matcher {
    tolerance: i64,
    ports: Vec<VecDeque<(usize, Box<Packet>)>>,
    /// The edges by which more may come, for each port.
    open: Vec<Vec<usize>>,
}

impl Matcher {
    pub fn new(tolerance: Duration, open: Vec<Vec<usize>>) -> Matcher {
        let ports = open.iter().map(|_| VecDeque::new()).collect();
        Matcher { tolerance: i64::try_from(tolerance.as_nanos()).unwrap_or(i64::MAX), ports, open }
    }

    pub fn add(&mut self, edge: usize, packet: Box<Packet>) {
        if let Some(port) = self.ports.get_mut(packet.port as usize) {
            port.push_back((edge, packet));
        }
    }

    /// An edge to a port has ended.
    pub fn close(&mut self, edge: usize, port: u32) {
        if let Some(open) = self.open.get_mut(port as usize) {
            open.retain(|&other| other != edge);
        }
    }

    /// Another edge takes the place of one.
    pub fn rename(&mut self, old: usize, new: usize) {
        self.open.iter_mut().flatten().filter(|edge| **edge == old).for_each(|edge| *edge = new);
    }

    /// The oldest set in a queue that has a packet which came by an edge, unless the node has been given some of it. A
    /// failure stands there alone.
    pub fn oldest_set(&self, queue: &VecDeque<(usize, Box<Packet>)>, edge: usize) -> Option<Range<usize>> {
        let of_edge = queue.iter().enumerate().filter(|(_, (by, _))| *by == edge);
        let mut sets = of_edge.filter_map(|(at, (_, packet))| match packet.data {
            Data::Failure(_) => Some(at..at + 1),
            _ => at.checked_sub(packet.port as usize).map(|start| start..start + self.ports.len()),
        });
        sets.next()
    }

    /// The oldest packet that came by an edge and waits for its partners.
    pub fn take_from(&mut self, edge: usize) -> Option<Box<Packet>> {
        self.ports.iter_mut().find_map(|port| take_from(port, edge))
    }

    /// Moves complete sets to `sets`, and what will never find its partners to `lost`.
    pub fn align(&mut self, sets: &mut VecDeque<(usize, Box<Packet>)>, lost: &mut Vec<(usize, Box<Packet>)>) {
        loop {
            let pts = |port: &VecDeque<(usize, Box<Packet>)>| port.front().map(|(_, packet)| packet.pts.raw());
            let hopeless = self.ports.iter().zip(&self.open).any(|(port, open)| port.is_empty() && open.is_empty());
            if hopeless {
                return self.ports.iter_mut().for_each(|port| lost.extend(port.drain(..)));
            }
            let heads: Option<Vec<i64>> = self.ports.iter().map(pts).collect();
            let Some(latest) = heads.and_then(|heads| heads.into_iter().max()) else { return };
            let oldest = latest.saturating_sub(self.tolerance);
            let mut complete = true;
            for port in &mut self.ports {
                while port.front().is_some_and(|(_, packet)| packet.pts.raw() < oldest) {
                    lost.extend(port.pop_front());
                    complete = false;
                }
            }
            if complete {
                sets.extend(self.ports.iter_mut().filter_map(VecDeque::pop_front));
            }
        }
    }

    pub fn drain(&mut self) -> impl Iterator<Item = (usize, Box<Packet>)> + '_ {
        self.ports.iter_mut().flat_map(|port| port.drain(..))
    }
}

/// Takes the oldest packet that came by an edge out of a queue.
pub(super) fn take_from(queue: &mut VecDeque<(usize, Box<Packet>)>, edge: usize) -> Option<Box<Packet>> {
    let at = queue.iter().position(|&(by, _)| by == edge)?;
    queue.remove(at).map(|(_, packet)| packet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;

    fn at(port: u32, pts: i64) -> Box<Packet> {
        Box::new(Packet { pts: Time::from_nanos(pts), port, ..Packet::text("") })
    }

    fn run(tolerance: u64, packets: &[(u32, i64)]) -> (Vec<i64>, Vec<i64>, bool) {
        let mut matcher = Matcher::new(Duration::from_nanos(tolerance), vec![vec![0], vec![1]]);
        let (mut sets, mut lost) = (VecDeque::new(), Vec::new());
        for &(port, pts) in packets {
            matcher.add(port as usize, at(port, pts));
            matcher.align(&mut sets, &mut lost);
        }
        let pts = |(_, packet): &(usize, Box<Packet>)| packet.pts.raw();
        (sets.iter().map(pts).collect(), lost.iter().map(pts).collect(), matcher.drain().next().is_none())
    }

    #[test]
    fn what_is_at_the_same_time_belongs_together() {
        assert_eq!(run(0, &[(0, 1), (0, 2), (1, 1), (1, 2)]), (vec![1, 1, 2, 2], vec![], true));
        assert_eq!(run(0, &[(0, 1), (1, 2), (0, 2)]), (vec![2, 2], vec![1], true));
        assert_eq!(run(5, &[(0, 10), (1, 14), (0, 20), (1, 26)]), (vec![10, 14], vec![20], false));
    }

    #[test]
    fn what_waits_for_a_port_that_has_ended_is_lost() {
        let mut matcher = Matcher::new(Duration::ZERO, vec![vec![0], vec![1]]);
        let (mut sets, mut lost) = (VecDeque::new(), Vec::new());
        matcher.add(0, at(0, 1));
        matcher.close(1, 1);
        matcher.align(&mut sets, &mut lost);
        assert!(sets.is_empty() && lost.len() == 1 && matcher.drain().next().is_none());
    }
}
