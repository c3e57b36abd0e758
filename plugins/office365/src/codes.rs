//! The codes of Graph's errors that matter here: one table.

use relais_sdk::kind;

/// A code of Graph's, what it means here, and what to do.
pub type Row = (&'static str, &'static str, &'static str);

/// The codes that matter, in alphabetical order.
pub const TABLE: [Row; 48] = [
    ("ActivityLimitReached", kind::THROTTLED, "Microsoft asks to slow down"),
    (
        "ApplicationThrottled",
        kind::THROTTLED,
        "Microsoft asks to slow down: too many requests at once, or too much in a short time, for this application and mailbox",
    ),
    (
        "AuthenticationError",
        kind::AUTHENTICATION,
        "Microsoft does not accept the account's token: associate the account again",
    ),
    (
        "Authorization_IdentityNotFound",
        kind::CONFIGURATION,
        "the tenant does not know the application: give consent to it in the tenant that `tenant` names",
    ),
    (
        "Authorization_RequestDenied",
        kind::CONFIGURATION,
        "the account or the application lacks a permission: grant Mail.Send and Mail.ReadWrite (for a shared mailbox Mail.Send.Shared and Mail.ReadWrite.Shared) and associate the account again",
    ),
    (
        "BadRequest",
        kind::REJECTED,
        "Microsoft does not accept the request: where every mail is refused so, check `mailbox` and `tenant`",
    ),
    (
        "CompactTokenParsingFailed",
        kind::AUTHENTICATION,
        "Microsoft does not accept the account's token: associate the account again",
    ),
    (
        "ErrorAccessDenied",
        kind::CONFIGURATION,
        "the account has no access to this mailbox: grant it “Full access” in the Exchange admin center, or the application the permissions Mail.Send and Mail.ReadWrite",
    ),
    (
        "ErrorAccountDisabled",
        kind::AUTHENTICATION,
        "the account or its mailbox is disabled: enable it in the Microsoft 365 admin center",
    ),
    (
        "ErrorAccountSuspend",
        kind::AUTHENTICATION,
        "Microsoft has suspended the account: sign in to it in a browser and follow what is asked there",
    ),
    (
        "ErrorADUnavailable",
        kind::TEMPORARY,
        "Microsoft's directory cannot be reached",
    ),
    (
        "ErrorAttachmentSizeLimitExceeded",
        kind::TOO_LARGE,
        "an attachment is larger than the mailbox accepts: send less at once, or have the Exchange administrator raise the limit",
    ),
    (
        "ErrorConnectionFailed",
        kind::TEMPORARY,
        "Microsoft cannot reach the mailbox",
    ),
    (
        "ErrorExceededMessageLimit",
        kind::THROTTLED,
        "the mailbox has sent as many mails as it may in a day: wait, or let other mailboxes send a part",
    ),
    (
        "ErrorInsufficientPermissionsInAccessToken",
        kind::CONFIGURATION,
        "a permission is missing: grant Mail.Send and Mail.ReadWrite and associate the account again",
    ),
    (
        "ErrorInsufficientResources",
        kind::TEMPORARY,
        "Microsoft lacks resources",
    ),
    (
        "ErrorInternalServerTransientError",
        kind::TEMPORARY,
        "Microsoft has a passing fault",
    ),
    (
        "ErrorInvalidRecipients",
        kind::REJECTED,
        "at least one recipient's address is not valid, so that nobody received the mail: correct it and send the mail again",
    ),
    (
        "ErrorInvalidSmtpAddress",
        kind::REJECTED,
        "an address of the mail is not valid: correct the recipients, From and Reply-To",
    ),
    (
        "ErrorInvalidUser",
        kind::CONFIGURATION,
        "the tenant has no such mailbox: check `mailbox` and `tenant`",
    ),
    (
        "ErrorIrresolvableConflict",
        kind::TEMPORARY,
        "something else changed the draft at the same time",
    ),
    (
        "ErrorItemNotFound",
        kind::TEMPORARY,
        "the draft is not there any more: somebody, or a rule of the mailbox, removed it",
    ),
    (
        "ErrorMailboxMoveInProgress",
        kind::TEMPORARY,
        "the mailbox is being moved",
    ),
    (
        "ErrorMailboxStoreUnavailable",
        kind::TEMPORARY,
        "the mailbox cannot be reached",
    ),
    (
        "ErrorMessageSizeExceeded",
        kind::TOO_LARGE,
        "the mail is larger than the mailbox accepts: send less at once, or have the Exchange administrator raise the limit, which is 35 MB where nobody did",
    ),
    (
        "ErrorMessageSubmissionBlocked",
        kind::CONFIGURATION,
        "Microsoft does not let the account send: unblock it among the restricted entities of Microsoft Defender",
    ),
    (
        "ErrorMimeContentConversionFailed",
        kind::REJECTED,
        "Exchange cannot read the mail: what wrote it has to write its MIME otherwise",
    ),
    (
        "ErrorMimeContentInvalid",
        kind::REJECTED,
        "Exchange cannot read the mail: what wrote it has to write its MIME otherwise",
    ),
    (
        "ErrorMimeContentInvalidBase64String",
        kind::REJECTED,
        "the mail did not arrive as base64: look whether a proxy between changes what passes",
    ),
    (
        "ErrorNonExistentMailbox",
        kind::CONFIGURATION,
        "there is no such mailbox: check `mailbox`",
    ),
    (
        "ErrorQuotaExceeded",
        kind::TEMPORARY,
        "the mailbox that sends is full: make room in it, or switch off the copy in Sent Items",
    ),
    (
        "ErrorRecipientNotFound",
        kind::REJECTED,
        "a recipient is not known, so that nobody received the mail: correct it and send the mail again",
    ),
    (
        "ErrorSendAsDenied",
        kind::REJECTED,
        "the account may not send as the address in From: grant it “Send as” on that mailbox in the Exchange admin center, or send from the account's own address",
    ),
    ("ErrorServerBusy", kind::THROTTLED, "Microsoft asks to slow down"),
    ("ErrorTimeoutExpired", kind::TEMPORARY, "Microsoft took too long"),
    (
        "ErrorTooManyObjectsOpened",
        kind::THROTTLED,
        "too many requests at once for this mailbox",
    ),
    (
        "InvalidAuthenticationToken",
        kind::AUTHENTICATION,
        "Microsoft does not accept the account's token: associate the account again",
    ),
    (
        "InvalidInternetMessageHeader",
        kind::REJECTED,
        "a header field of the mail cannot be handed over: leave it out, or switch on the copy in Sent Items, with which small mails go as they are",
    ),
    (
        "InvalidInternetMessageHeaderCollection",
        kind::REJECTED,
        "the header fields of the mail cannot be handed over: leave them out, or switch on the copy in Sent Items, with which small mails go as they are",
    ),
    (
        "MailboxConcurrency",
        kind::THROTTLED,
        "too many requests at once for this mailbox: lower the sessions of the instance",
    ),
    (
        "MailboxNotEnabledForRESTAPI",
        kind::CONFIGURATION,
        "the account has no mailbox in Exchange Online that Graph can reach: check `mailbox` and its licence",
    ),
    (
        "MailboxNotSupportedForRESTAPI",
        kind::CONFIGURATION,
        "this kind of mailbox cannot send by Graph: choose another in `mailbox`",
    ),
    (
        "OrganizationFromTenantGuidNotFound",
        kind::CONFIGURATION,
        "the tenant has no Exchange Online: check `tenant` and its licences",
    ),
    (
        "Request_ResourceNotFound",
        kind::CONFIGURATION,
        "the tenant has no such mailbox: check `mailbox` and `tenant`",
    ),
    (
        "RequestBodyTooLarge",
        kind::TOO_LARGE,
        "the mail is larger than Graph takes in one request: put what is long into an attachment",
    ),
    (
        "ResourceNotFound",
        kind::CONFIGURATION,
        "the tenant has no such mailbox: check `mailbox` and `tenant`",
    ),
    ("TooManyRequests", kind::THROTTLED, "Microsoft asks to slow down"),
    (
        "UnknownError",
        kind::TEMPORARY,
        "Microsoft has a fault that it does not name",
    ),
];
