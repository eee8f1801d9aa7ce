//! ICMPv6: Neighbor Discovery, MLD, RPL.

use wire::icmpv6::{Message, mld};
use wire::ipv6::Ipv6Addr;
use wire::ndp::{self, NdpOption};
use wire::rpl::{self, RplOption};

use super::Check;

pub(super) fn icmpv6(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(message) = check.parsed(Message::parse_unverified(bytes)) else { return };
    let (source, destination) = (Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED);
    let written = message.to_vec(source, destination);
    check.same_again(written.and_then(|again| Message::parse(&again, source, destination)), &message);
    match message {
        Message::EchoRequest(echo) | Message::EchoReply(echo) => {
            check.number("icmpv6.echo.identifier", echo.identifier);
            check.number("icmpv6.echo.sequence_number", echo.sequence_number);
            check.octets("icmpv6.echo.data", &echo.data);
        }
        Message::Ndp(message) => neighbor_discovery(check, message),
        Message::Rpl(message) => rpl(check, message),
        Message::Mld(message) => multicast_listener(check, message),
        _ => {}
    }
}

fn neighbor_discovery(check: &mut Check<'_>, message: ndp::Message) {
    use ndp::Message::*;
    match &message {
        RouterSolicitation { .. } => {}
        RouterAdvertisement {
            current_hop_limit,
            managed,
            other_configuration,
            home_agent,
            proxy,
            router_lifetime,
            reachable_time,
            retransmission_timer,
            ..
        } => {
            check.number("icmpv6.nd.ra.cur_hop_limit", *current_hop_limit);
            check.number("icmpv6.nd.ra.flag.m", *managed);
            check.number("icmpv6.nd.ra.flag.o", *other_configuration);
            check.number("icmpv6.nd.ra.flag.h", *home_agent);
            check.number("icmpv6.nd.ra.flag.p", *proxy);
            check.number("icmpv6.nd.ra.router_lifetime", *router_lifetime);
            check.number("icmpv6.nd.ra.reachable_time", *reachable_time);
            check.number("icmpv6.nd.ra.retrans_timer", *retransmission_timer);
        }
        NeighborSolicitation { target, .. } => check.texts("icmpv6.nd.ns.target_address", [target]),
        NeighborAdvertisement { router, solicited, override_, target, .. } => {
            check.number("icmpv6.nd.na.flag.r", *router);
            check.number("icmpv6.nd.na.flag.s", *solicited);
            check.number("icmpv6.nd.na.flag.o", *override_);
            check.texts("icmpv6.nd.na.target_address", [target]);
        }
        Redirect { target, destination, .. } => {
            check.texts("icmpv6.nd.rd.target_address", [target]);
            check.texts("icmpv6.rd.na.destination_address", [destination]);
        }
        DuplicateAddressRequest(body) | DuplicateAddressConfirmation(body) => {
            check.number("icmpv6.6lowpannd.da.status", body.status);
            check.number("icmpv6.6lowpannd.da.lifetime", body.registration_lifetime);
            check.texts("icmpv6.6lowpannd.da.reg_addr", [body.registered_address]);
        }
        ExtendedDuplicateAddressRequest(body) | ExtendedDuplicateAddressConfirmation(body) => {
            check.number("icmpv6.6lowpannd.da.status", body.status);
            check.number("icmpv6.6lowpannd.da.tid", body.transaction_id);
            check.number("icmpv6.6lowpannd.da.lifetime", body.registration_lifetime);
            check.texts("icmpv6.6lowpannd.da.reg_addr", [body.registered_address]);
        }
    }
    let options = message.options();
    check.numbers("icmpv6.opt.type", options.iter().map(|option| option.kind().into()));
    for option in options {
        let is_only = options.iter().filter(|other| other.kind() == option.kind()).count() == 1;
        if is_only {
            neighbor_option(check, option);
        }
    }
}

fn neighbor_option(check: &mut Check<'_>, option: &NdpOption) {
    match option {
        NdpOption::PrefixInformation {
            prefix_length, on_link, autonomous, valid_lifetime, preferred_lifetime, ..
        } => {
            check.number("icmpv6.opt.prefix.flag.l", *on_link);
            check.number("icmpv6.opt.prefix.flag.a", *autonomous);
            check.number("icmpv6.opt.prefix.valid_lifetime", *valid_lifetime);
            check.number("icmpv6.opt.prefix.preferred_lifetime", *preferred_lifetime);
            if check.layer.fields("icmpv6.opt.prefix.length").count() == 1 {
                check.number("icmpv6.opt.prefix.length", *prefix_length);
            }
        }
        NdpOption::Mtu(mtu) => check.number("icmpv6.opt.mtu", *mtu),
        NdpOption::RouteInformation { route_lifetime, .. } => {
            check.number("icmpv6.opt.route_lifetime", *route_lifetime);
        }
        NdpOption::RecursiveDnsServer { lifetime, addresses } => {
            check.number("icmpv6.opt.rdnss.lifetime", *lifetime);
            check.texts("icmpv6.opt.rdnss", addresses);
        }
        NdpOption::DnsSearchList { lifetime, .. } => check.number("icmpv6.opt.dnssl.lifetime", *lifetime),
        NdpOption::AddressRegistration { status, registration_lifetime, .. }
        | NdpOption::ExtendedAddressRegistration { status, registration_lifetime, .. } => {
            check.number("icmpv6.opt.aro.status", *status);
            check.number("icmpv6.opt.aro.registration_lifetime", *registration_lifetime);
        }
        NdpOption::SixLowpanContext { context_length, compression, context_id, valid_lifetime, .. } => {
            check.number("icmpv6.opt.6co.context_length", *context_length);
            check.number("icmpv6.opt.6co.flag.c", *compression);
            check.number("icmpv6.opt.6co.flag.cid", *context_id);
            check.number("icmpv6.opt.6co.valid_lifetime", *valid_lifetime);
        }
        NdpOption::AuthoritativeBorderRouter { version, valid_lifetime, address } => {
            check.number("icmpv6.opt.abro.version_low", *version & 0xffff);
            check.number("icmpv6.opt.abro.version_high", *version >> 16);
            check.number("icmpv6.opt.abro.valid_lifetime", *valid_lifetime);
            check.texts("icmpv6.opt.abro.6lbr_address", [address]);
        }
        _ => {}
    }
}

fn multicast_listener(check: &mut Check<'_>, message: mld::Message) {
    match message {
        mld::Message::QueryV2(query) => {
            check.texts("icmpv6.mld.multicast_address", [query.multicast_address]);
            check.number("icmpv6.mld.maximum_response_code", query.maximum_response_delay());
            check.number("icmpv6.mld.flag.s", query.suppress_router_side_processing);
            check.number("icmpv6.mld.flag.qrv", query.robustness_variable);
            check.number("icmpv6.mld.qqi", query.query_interval());
            check.texts("icmpv6.mld.source_address", query.sources);
        }
        mld::Message::ReportV2 { records } => {
            check.number("icmpv6.mldr.nb_mcast_records", records.len() as u64);
            check.numbers("icmpv6.mldr.mar.record_type", records.iter().map(|record| record.record_type.0.into()));
            let groups: Vec<_> = records.iter().map(|record| record.multicast_address).collect();
            check.texts("icmpv6.mldr.mar.multicast_address", groups);
        }
        _ => {}
    }
}

fn rpl(check: &mut Check<'_>, message: rpl::Message) {
    match &message {
        rpl::Message::InformationObject(object) => {
            check.number("icmpv6.rpl.dio.instance", object.instance_id);
            check.number("icmpv6.rpl.dio.version", object.version_number);
            check.number("icmpv6.rpl.dio.rank", object.rank);
            check.number("icmpv6.rpl.dio.flag.g", object.grounded);
            check.number("icmpv6.rpl.dio.flag.mop", object.mode_of_operation);
            check.number("icmpv6.rpl.dio.flag.preference", object.preference);
            check.number("icmpv6.rpl.dio.dtsn", object.trigger_sequence_number);
            check.texts("icmpv6.rpl.dio.dagid", [object.dodag_id]);
        }
        rpl::Message::DestinationAdvertisement(object) => {
            check.number("icmpv6.rpl.dao.instance", object.instance_id);
            check.number("icmpv6.rpl.dao.flag.k", object.acknowledgement);
            check.number("icmpv6.rpl.dao.sequence", object.sequence);
            check.texts("icmpv6.rpl.dao.dodagid", object.dodag_id);
        }
        rpl::Message::DestinationAdvertisementAck(object) => {
            check.number("icmpv6.rpl.daoack.instance", object.instance_id);
            check.number("icmpv6.rpl.daoack.sequence", object.sequence);
            check.number("icmpv6.rpl.daoack.status", object.status);
            check.texts("icmpv6.rpl.daoack.dodagid", object.dodag_id);
        }
        rpl::Message::Secure { .. } => {
            // What is in it is there for who has the key; without encryption everybody can read it.
            let _ = (message.open().and_then(Result::ok), message.open_consistency_check().and_then(Result::ok));
            return;
        }
        _ => return,
    }
    let options = message.options();
    check.numbers("icmpv6.rpl.opt.type", options.iter().map(|option| option.kind().into()));
    for option in options {
        if options.iter().filter(|other| other.kind() == option.kind()).count() == 1 {
            rpl_option(check, option);
        }
    }
}

fn rpl_option(check: &mut Check<'_>, option: &RplOption) {
    match option {
        RplOption::Configuration(configuration) => {
            check.number("icmpv6.rpl.opt.config.auth", configuration.authentication_enabled);
            check.number("icmpv6.rpl.opt.config.pcs", configuration.path_control_size);
            check.number("icmpv6.rpl.opt.config.interval_double", configuration.interval_doublings);
            check.number("icmpv6.rpl.opt.config.interval_min", configuration.interval_min);
            check.number("icmpv6.rpl.opt.config.redundancy", configuration.redundancy_constant);
            check.number("icmpv6.rpl.opt.config.max_rank_inc", configuration.max_rank_increase);
            check.number("icmpv6.rpl.opt.config.min_hop_rank_inc", configuration.min_hop_rank_increase);
            check.number("icmpv6.rpl.opt.config.ocp", configuration.objective_code_point);
            check.number("icmpv6.rpl.opt.config.def_lifetime", configuration.default_lifetime);
            check.number("icmpv6.rpl.opt.config.lifetime_unit", configuration.lifetime_unit);
        }
        RplOption::Target { prefix_length, .. } => {
            check.number("icmpv6.rpl.opt.target.prefix_length", *prefix_length);
        }
        RplOption::TransitInformation(transit) => {
            check.number("icmpv6.rpl.opt.transit.flag.e", transit.external);
            check.number("icmpv6.rpl.opt.transit.pathctl", transit.path_control);
            check.number("icmpv6.rpl.opt.transit.pathseq", transit.path_sequence);
            check.number("icmpv6.rpl.opt.transit.pathlifetime", transit.path_lifetime);
            check.texts("icmpv6.rpl.opt.transit.parent", transit.parent);
        }
        RplOption::SolicitedInformation(solicited) => {
            check.number("icmpv6.rpl.opt.solicited.instance", solicited.instance_id);
            check.number("icmpv6.rpl.opt.solicited.flag.v", solicited.version_predicate);
            check.number("icmpv6.rpl.opt.solicited.flag.i", solicited.instance_predicate);
            check.number("icmpv6.rpl.opt.solicited.flag.d", solicited.dodag_id_predicate);
            check.texts("icmpv6.rpl.opt.solicited.dodagid", [solicited.dodag_id]);
            check.number("icmpv6.rpl.opt.solicited.version", solicited.version_number);
        }
        RplOption::PrefixInformation { prefix_length, on_link, valid_lifetime, preferred_lifetime, prefix, .. } => {
            check.number("icmpv6.rpl.opt.prefix.length", *prefix_length);
            check.number("icmpv6.rpl.opt.prefix.flag.l", *on_link);
            check.number("icmpv6.rpl.opt.prefix.valid_lifetime", *valid_lifetime);
            check.number("icmpv6.rpl.opt.prefix.preferred_lifetime", *preferred_lifetime);
            check.texts("icmpv6.rpl.opt.prefix", [prefix]);
        }
        RplOption::TargetDescriptor(descriptor) => {
            check.number("icmpv6.rpl.opt.targetdesc.descriptor", *descriptor);
        }
        _ => {}
    }
}
