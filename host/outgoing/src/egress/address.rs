//! What an address is, whatever way it is spelled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Public,
    /// A site's own network (RFC 1918, RFC 4193, RFC 6598).
    Private,
    /// This machine.
    Loopback,
    /// The link, and the metadata services of clouds, which answer with credentials.
    LinkLocal,
    /// Nothing that a connector has a reason to dial: unspecified, multicast, broadcast, reserved.
    Never,
}

/// Metadata services that do not live on link-local addresses.
const METADATA_V4: [Ipv4Addr; 2] = [
    // Alibaba Cloud, inside the shared space of RFC 6598.
    Ipv4Addr::new(100, 100, 100, 200),
    // Azure's platform endpoint, a public address.
    Ipv4Addr::new(168, 63, 129, 16),
];
const METADATA_V6: [Ipv6Addr; 4] = [
    // Inside the unique local space: AWS, its identities of pods, Google Cloud, Scaleway.
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
];

/// The address that a packet would reach: an IPv4 address carried in an IPv6 one is that IPv4 address.
pub(crate) fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => embedded_v4(v6).map_or(ip, IpAddr::V4),
    }
}

fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match (a, b, c, d, e, f) {
        // Mapped (RFC 4291 section 2.5.5.2) and translated (RFC 2765).
        (0, 0, 0, 0, 0, 0xffff) | (0, 0, 0, 0, 0xffff, 0) => Some(v4(g, h)),
        // Compatible (RFC 4291 section 2.5.5.1), but not `::` and `::1`.
        (0, 0, 0, 0, 0, 0) if g != 0 || h > 1 => Some(v4(g, h)),
        // NAT64 (RFC 6052): the well-known prefix.
        (0x64, 0xff9b, 0, 0, 0, 0) => Some(v4(g, h)),
        // 6to4 (RFC 3056).
        (0x2002, _, _, _, _, _) => Some(v4(b, c)),
        _ => None,
    }
}

/// Judges an address in its canonical spelling.
pub(crate) fn reach(ip: IpAddr) -> Reach {
    match canonical(ip) {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

fn reach_v4(ip: Ipv4Addr) -> Reach {
    let [a, b, c, _] = ip.octets();
    if METADATA_V4.contains(&ip) || ip.is_link_local() {
        Reach::LinkLocal
    } else if ip.is_loopback() {
        Reach::Loopback
    } else if a == 0 || a >= 224 || (a, b, c) == (192, 0, 0) || ip.is_documentation() {
        // `0.0.0.0` reaches this machine on Linux; 192.0.0.0/24 is RFC 6890.
        Reach::Never
    } else if ip.is_private() || (a == 100 && (64..128).contains(&b)) || (a == 198 && (b == 18 || b == 19)) {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn reach_v6(ip: Ipv6Addr) -> Reach {
    let [a, b, c, ..] = ip.segments();
    if METADATA_V6.contains(&ip) || a & 0xffc0 == 0xfe80 {
        Reach::LinkLocal
    } else if ip.is_loopback() {
        Reach::Loopback
    } else if a & 0xfe00 == 0xfc00 || a & 0xffc0 == 0xfec0 {
        Reach::Private
    } else if (a, b, c) == (0x64, 0xff9b, 1) {
        // NAT64 with a prefix of the site's own (RFC 8215): what it maps to is the site's secret.
        Reach::Private
    } else if a & 0xe000 != 0x2000 || (a == 0x2001 && b < 0x200) || (a == 0x2001 && b == 0xdb8) {
        // Outside global unicast; Teredo, ORCHID and the like; documentation.
        Reach::Never
    } else {
        Reach::Public
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_judged_as_what_it_maps() {
        let cases = [
            ("93.184.216.34", Reach::Public),
            ("::ffff:93.184.216.34", Reach::Public),
            ("2606:2800:220:1::1", Reach::Public),
            ("10.1.2.3", Reach::Private),
            ("172.31.0.1", Reach::Private),
            ("172.32.0.1", Reach::Public),
            ("192.168.1.1", Reach::Private),
            ("100.64.0.1", Reach::Private),
            ("fd12::1", Reach::Private),
            ("64:ff9b::10.0.0.1", Reach::Private),
            ("64:ff9b:1::1", Reach::Private),
            ("2002:0a00:0001::1", Reach::Private),
            ("127.0.0.1", Reach::Loopback),
            ("127.255.0.1", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("::ffff:127.0.0.1", Reach::Loopback),
            ("::ffff:0:127.0.0.1", Reach::Loopback),
            ("::127.0.0.1", Reach::Loopback),
            ("64:ff9b::127.0.0.1", Reach::Loopback),
            ("2002:7f00:1::", Reach::Loopback),
            ("169.254.169.254", Reach::LinkLocal),
            ("::ffff:169.254.169.254", Reach::LinkLocal),
            ("100.100.100.200", Reach::LinkLocal),
            ("168.63.129.16", Reach::LinkLocal),
            ("fd00:ec2::254", Reach::LinkLocal),
            ("fd00:ec2::23", Reach::LinkLocal),
            ("fd20:ce::254", Reach::LinkLocal),
            ("fd00:42::42", Reach::LinkLocal),
            ("fe80::1", Reach::LinkLocal),
            ("0.0.0.0", Reach::Never),
            ("::", Reach::Never),
            ("::ffff:0.0.0.0", Reach::Never),
            ("224.0.0.1", Reach::Never),
            ("255.255.255.255", Reach::Never),
            ("ff02::1", Reach::Never),
            ("2001:0:1::1", Reach::Never),
            ("2001:db8::1", Reach::Never),
        ];
        for (text, expected) in cases {
            assert_eq!(reach(text.parse().unwrap()), expected, "{text}");
        }
    }
}
