//! Banners as devices, and people who own devices, make them up. The same ones every time.

/// What means something to some product, some mail program, or some parser.
const PIECES: [&str; 62] = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<@U024BE7LH>",
    "<#C024BE7LR>",
    "<https://evil.example|Open>",
    "&lt;!here&gt;",
    "@here",
    "@everyone",
    "@channel",
    "@HERE",
    "<@123456789012345678>",
    "<@&1>",
    "<t:1618953630:R>",
    "<a:x:1>",
    "</at>",
    "<at>Ana</at>",
    "[Open](https://evil.example)",
    "[Open](<https://evil.example>)",
    "![x](http://evil.example/p.png)",
    "https://evil.example/x",
    "HTTP://EVIL.EXAMPLE",
    "www.evil.example",
    "mailto:a@evil.example",
    "ftp://evil.example",
    "javascript:alert(1)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><a href='https://evil.example'>",
    "</td></tr></table>",
    "<!--",
    "-->",
    "{{DATE(2017-02-14T06:08:00Z,SHORT)}}",
    "{{",
    "}}",
    "${x}",
    "@{triggerBody()}",
    "\r\nBcc: a@evil.example\r\n",
    "\nSubject: x\n",
    "\r\n\r\n<html>",
    "=?utf-8?q?=0ABcc:_a?=",
    "\0",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{2028}",
    "\u{200b}",
    "w\u{200b}ww.evil.example",
    "h\u{ad}ttps:/\u{200b}/evil.example",
    "```",
    "``` ",
    "`",
    "**",
    "__",
    "~~",
    "||",
    "\\",
    "> ",
    "# ",
    "- ",
    "\u{1f4a3}",
    "e\u{301}",
    "SSH-2.0-OpenSSH_7.2p2",
];

/// A small generator of numbers (xorshift64*): nothing here needs more, and its numbers never change.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % end
    }

    fn character(&mut self) -> char {
        let bits = match self.below(4) {
            0 => self.below(0x20),
            1 => 0x20 + self.below(0x5f),
            2 => self.below(0x3000),
            _ => self.below(0x11_0000),
        };
        u32::try_from(bits).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
    }
}

/// So many banners, of up to a dozen pieces and characters each.
pub(crate) fn banners(count: usize) -> impl Iterator<Item = String> {
    let mut numbers = Numbers(0x5eed_0f10_7a11_50ff);
    (0..count).map(move |_| {
        let parts = 1 + numbers.below(12);
        let mut banner = String::new();
        for _ in 0..parts {
            if numbers.below(3) == 0 {
                banner.push(numbers.character());
            } else {
                banner.push_str(PIECES[numbers.below(PIECES.len())]);
            }
        }
        banner
    })
}
