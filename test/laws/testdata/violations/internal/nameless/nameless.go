package nameless // want: revive
