//! Messages as programs write them, with what is odd about each.

#![allow(dead_code)]

const ADDRESSES: &str = "From: Mairie <mairie@evian.example>\nTo: a@b.example, \"Nom, P\" <c@d.example>\nCc: e@f.example\nBcc: g@h.example\n";

/// Every message is accepted.
pub fn messages() -> Vec<Vec<u8>> {
    let long = "x".repeat(1500);
    let pdf = "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoK".repeat(40);
    let bodies: Vec<Vec<u8>> = [
        "Subject: simple\n\nBonjour,\n.\n..\nFrom x\n".into(),
        "Subject: Reçu n° 4\nX-A: é =?utf-8?q?=C3=A9?= b\n\nVoilà\n".into(),
        format!("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n<p>é {long}</p>\n<p>b</p>"),
        format!("Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=utf-8\n\n=C3=A9 {long}=\n=20 =zz \n=\n"),
        format!("Content-Type: application/pdf; name=\"pièce.pdf\"\nContent-Transfer-Encoding: base64\n\n{pdf}\n"),
        format!(
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"m 1\"\n\nAu format MIME é\n--m 1\n\
             Content-Type: multipart/alternative; boundary=a\nContent-Transfer-Encoding: 8bit\n\n--a\n\
             Content-Type: text/plain; charset=iso-8859-1\n\nbonjour\n\n--a\nContent-Type: text/html; charset=utf-8\n\n\
             <b>é</b>{long}\n--a--\n\n--m 1\nContent-Disposition: attachment; filename=\"reçu é.pdf\"\n\
             Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n{pdf}\n--m 1\n\
             Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment;\n filename*0*=utf-8''d%C3;\n filename*1*=%A9.csv\n\n\
             a;b\nc;é\n--m 1--\nfin\n"
        ),
        "Content-Type: multipart/signed; boundary=s; protocol=\"x/y\"\n\n--s\nContent-Type: text/plain\n\na \nb\n\n--s\n\
         Content-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN\n--s--\n"
            .into(),
        "Content-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<img src=\"cid:l\">\n--r\n\
         Content-Type: image/png\nContent-ID: <l>\nContent-Transfer-Encoding: binary\n\n\u{1}\u{2}\n\r\n\u{7f}é\0\r\n--r--\n"
            .into(),
        "Content-Type: multipart/mixed; boundary=u\n\n--u\n\nunended\n--u\nContent-Type: text/plain\nno empty line\n--u\n\n".into(),
        "Content-Type: multipart/digest; boundary=d\n\n--d\n\nFrom: x@y\nSubject: été\n\na\n--d--\n".into(),
        "Content-Type: text/plain; charset=utf-8; format=flowed\n\nvieux\rMac\ret \0\n".into(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    let mut all: Vec<Vec<u8>> = bodies
        .iter()
        .map(|body| [ADDRESSES.as_bytes(), body].concat())
        .collect();
    all.push(
        [
            ADDRESSES.as_bytes(),
            b"Content-Type: text/plain; charset=iso-8859-15\n\nprix \xa4\n",
        ]
        .concat(),
    );
    all.push([ADDRESSES.as_bytes(), b"\nsans charset \xe9\n"].concat());
    let crlf: Vec<Vec<u8>> = all.iter().map(|mime| mime_crlf(mime)).collect();
    all.extend(crlf);
    all
}

fn mime_crlf(mime: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in mime {
        if byte == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}
