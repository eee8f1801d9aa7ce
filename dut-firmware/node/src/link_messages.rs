//! What passes between a device and its medium as messages of the radio link (`wire::radio_link`): for boards whose radio another
//! program drives, and for that program.

use wire::radio_link::{Message, Status};

use crate::interface::{Input, Output, RadioConfig, TransmitStatus};

impl From<Status> for TransmitStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Success => Self::Success,
            Status::NoAck => Self::NoAck,
            Status::ChannelAccessFailure => Self::ChannelAccessFailure,
        }
    }
}

impl From<TransmitStatus> for Status {
    fn from(status: TransmitStatus) -> Self {
        match status {
            TransmitStatus::Success => Self::Success,
            TransmitStatus::NoAck => Self::NoAck,
            TransmitStatus::ChannelAccessFailure => Self::ChannelAccessFailure,
        }
    }
}

impl<'a> Input<'a> {
    /// What the medium says; `None` for a board's own words.
    pub fn of_link(message: &'a Message) -> Option<Self> {
        match message {
            Message::Received { rssi_dbm, psdu } => Some(Input::Frame { psdu, rssi_dbm: *rssi_dbm }),
            Message::Done { handle, status } => Some(Input::TransmitDone { handle: *handle, status: (*status).into() }),
            Message::Backbone(packet) => Some(Input::Backbone(packet)),
            _ => None,
        }
    }

    /// The message to a board; `None` for what goes to the upper tester.
    pub fn to_link(&self) -> Option<Message> {
        match *self {
            Input::Frame { psdu, rssi_dbm } => Some(Message::Received { rssi_dbm, psdu: psdu.to_vec() }),
            Input::TransmitDone { handle, status } => Some(Message::Done { handle, status: status.into() }),
            Input::Backbone(packet) => Some(Message::Backbone(packet.to_vec())),
            Input::UpperTester(_) => None,
        }
    }
}

impl Output {
    /// The message of a board to the medium.
    ///
    /// # Errors
    /// What is none: octets to the upper tester, and the wish to boot anew.
    pub fn into_link(self) -> Result<Message, Self> {
        match self {
            Self::Radio(RadioConfig { channel, pan_id, eui64, receiver_on }) => {
                Ok(Message::Radio { channel, pan_id, eui64, receiver_on })
            }
            Self::Transmit { handle, psdu } => Ok(Message::Transmit { handle, psdu }),
            Self::Log(line) => Ok(Message::Log(line)),
            Self::Backbone(packet) => Ok(Message::Backbone(packet)),
            Self::UpperTester(_) | Self::Reboot => Err(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use wire::radio_link::{Message, Status};

    use crate::interface::{Input, Output};

    #[test]
    fn what_the_medium_says_survives_the_link() {
        for status in [Status::Success, Status::NoAck, Status::ChannelAccessFailure] {
            let done = Message::Done { handle: 7, status };
            assert_eq!(Input::of_link(&done).and_then(|input| input.to_link()), Some(done.clone()));
        }
        let frame = Message::Received { rssi_dbm: -3, psdu: vec![1, 2] };
        assert_eq!(Input::of_link(&frame), Some(Input::Frame { psdu: &[1, 2], rssi_dbm: -3 }));
        assert_eq!(Input::of_link(&Message::Booted), None);
        assert_eq!(Output::Reboot.into_link(), Err(Output::Reboot));
        assert_eq!(Output::Backbone(vec![6]).into_link(), Ok(Message::Backbone(vec![6])));
    }
}
