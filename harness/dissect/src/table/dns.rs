//! Fields of layer `dns`. DNS: RFC 1035; multicast DNS and service discovery: RFC 6762, 6763.

use super::{FieldInfo, FieldKind};

fields! {
    "dns" {
        "dns.id" 16 "identifier";
        "dns.flags" 16 "flags";
        "dns.flags.response" bool "a response";
        "dns.flags.opcode" 4 "operation: 0 query, 5 update";
        "dns.flags.authoritative" bool "authoritative answer";
        "dns.flags.truncated" bool "truncated";
        "dns.flags.recdesired" bool "recursion desired";
        "dns.flags.recavail" bool "recursion available";
        "dns.flags.z" bool "reserved flag";
        "dns.flags.authenticated" bool "authentic data";
        "dns.flags.checkdisable" bool "checking disabled";
        "dns.flags.rcode" 4 "response code";
        "dns.count.queries" 16 "number of questions";
        "dns.count.answers" 16 "number of answers";
        "dns.count.auth_rr" 16 "number of authority records";
        "dns.count.add_rr" 16 "number of additional records";
        "dns.count.zones" 16 "number of zones of an update";
        "dns.count.prerequisites" 16 "number of prerequisites of an update";
        "dns.count.updates" 16 "number of updates";
        "dns.qry.name" text "name in a question";
        "dns.qry.name.len" 16 "its length as text";
        "dns.count.labels" 16 "its number of labels";
        "dns.qry.type" 16 "type in a question";
        "dns.qry.class" 16 "class in a question";
        "dns.qry.qu" bool "an answer by unicast is wanted";
        "dns.resp.name" text "name of a record, but not of SRV";
        "dns.resp.type" 16 "type of a record; also those that an NSEC record lists";
        "dns.resp.class" 16 "class of a record";
        "dns.resp.cache_flush" bool "older records are void";
        "dns.resp.ttl" 32 "time to live in seconds";
        "dns.resp.len" 16 "length of a record's data";
        "dns.rr.udp_payload_size" 16 "UDP payload that the sender takes";
        "dns.resp.ext_rcode" 8 "upper bits of the response code";
        "dns.resp.edns0_version" 8 "version of the extension mechanisms";
        "dns.resp.z" 16 "flags of OPT";
        "dns.resp.z.do" bool "DNSSEC records are wanted";
        "dns.resp.z.reserved" 15 "reserved flags of OPT";
        "dns.a" text "IPv4 address";
        "dns.aaaa" ipv6 "IPv6 address";
        "dns.ns" text "name server";
        "dns.cname" text "canonical name";
        "dns.ptr.domain_name" text "name that a PTR record points to";
        "dns.soa.mname" text "primary name server";
        "dns.soa.rname" text "mailbox of the person responsible";
        "dns.soa.serial_number" 32 "serial number";
        "dns.soa.refresh_interval" 32 "refresh interval in seconds";
        "dns.soa.retry_interval" 32 "retry interval in seconds";
        "dns.soa.expire_limit" 32 "expire limit in seconds";
        "dns.soa.minimum_ttl" 32 "minimum time to live in seconds";
        "dns.txt.length" 8 "length of a string of TXT";
        "dns.txt" text "string of TXT";
        "dns.srv.service" text "service of an SRV record's name";
        "dns.srv.proto" text "protocol of an SRV record's name";
        "dns.srv.name" text "domain of an SRV record's name";
        "dns.srv.priority" 16 "priority";
        "dns.srv.weight" 16 "weight";
        "dns.srv.port" 16 "port of the service";
        "dns.srv.target" text "host of the service";
        "dns.hinfo.cpu_length" 8 "length of the CPU's name";
        "dns.hinfo.cpu" text "CPU of a host";
        "dns.hinfo.os_length" 8 "length of the operating system's name";
        "dns.hinfo.os" text "operating system of a host";
        "dns.mx.preference" 16 "preference of a mail exchange";
        "dns.mx.mail_exchange" text "mail exchange";
        "dns.nsec.next_domain_name" text "next domain name of NSEC";
        "dns.opt.code" 16 "option code of OPT";
        "dns.opt.len" 16 "option length";
        "dns.opt.data" bytes "option data";
        "dns.opt.cookie.client" bytes "client cookie";
        "dns.opt.cookie.server" bytes "server cookie";
        "dns.opt.padding" bytes "padding";
        "dns.data" bytes "data of a record of any other type";
        "dns.extraneous.data" bytes "octets after the message";
    } else {
        "dns.srv.instance" text "instance of a service in an SRV record's name";
    }
}
