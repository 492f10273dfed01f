"""Jobs at times of the exchange: `cron` says when, `jobs` which there are, `scheduler` starts them, and each is a Run."""
