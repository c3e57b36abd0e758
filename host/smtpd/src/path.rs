//! The `<address>` of MAIL and RCPT, and what stands around it (RFC 5321 section 4.1.2).

/// What follows `FROM:` or `TO:`, in any case.
pub(crate) fn after_keyword<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let (start, path) = rest.split_at_checked(keyword.len())?;
    start.eq_ignore_ascii_case(keyword).then_some(path)
}

/// Splits `<address> parameters`. A `>` in a quoted local part does not end the address.
pub(crate) fn bracketed(path: &str) -> Option<(&str, &str)> {
    let inside = path.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inside.find(|character| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' => return !quoted,
            _ => {}
        }
        false
    })?;
    let (address, rest) = inside.split_at_checked(end)?;
    let parameters = rest.strip_prefix('>')?;
    (parameters.is_empty() || parameters.starts_with(' ')).then_some((address, parameters.trim_start_matches(' ')))
}

/// Enough to notice a broken client, not the whole grammar of RFC 5321 section 4.1.2.
pub(crate) fn judge_address(address: &str, syntax: &'static str, smtputf8: bool) -> Result<(), &'static str> {
    if !smtputf8 && !address.is_ascii() {
        return Err("553 5.6.7 SMTPUTF8 is not offered");
    }
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Err(syntax);
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let bad_local = local.is_empty() || (!quoted && local.contains([' ', '"', '<', '@', ',', ':']));
    // Section 4.5.3.1: 64 octets, 255 octets.
    let too_long = local.len() > 64 || domain.len() > 255;
    if bad_local || too_long || domain.is_empty() || domain.contains([' ', '"', '<']) {
        return Err(syntax);
    }
    Ok(())
}
