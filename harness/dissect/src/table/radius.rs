//! Fields of layer `radius`. RADIUS: RFC 2865, RFC 3579.

use super::{FieldInfo, FieldKind};

fields! {
    "radius" {
        "radius.code" 8 "code: 1 Access-Request, 2 Access-Accept, 3 Access-Reject, 11 Access-Challenge";
        "radius.id" 8 "identifier";
        "radius.length" 16 "length";
        "radius.authenticator" bytes "authenticator";
        "radius.avp" bytes "an attribute, all of it";
        "radius.avp.type" 8 "type of an attribute";
        "radius.avp.length" 8 "length of an attribute";
        "radius.avp.vendor_id" 32 "vendor of a Vendor-Specific attribute";
        "radius.avp.vendor_type" 8 "type of that vendor";
        "radius.avp.vendor_len" 8 "its length";
        "radius.eap_fragment" bytes "a piece of an EAP packet";
        "radius.User_Name" text "User-Name";
        "radius.Calling_Station_Id" text "Calling-Station-Id";
        "radius.Connect_Info" text "Connect-Info";
        "radius.NAS_IP_Address" text "NAS-IP-Address";
        "radius.Service_Type" 32 "Service-Type";
        "radius.Framed_MTU" 32 "Framed-MTU";
        "radius.NAS_Port_Type" 32 "NAS-Port-Type";
        "radius.State" bytes "State";
        "radius.Message_Authenticator" bytes "Message-Authenticator";
    } else {}
}
