# fork, pipes, sockets, regular expressions, alarms, files.
use strict; use warnings;
use IO::Socket::INET; use IO::Select; use POSIX qw(:sys_wait_h WIFSIGNALED); use Time::HiRes qw(sleep alarm time);
use File::Temp qw(tempdir); use File::Find; use File::Copy; use Socket; use Fcntl qw(:flock); use IPC::Open3; use Digest::SHA qw(sha256_hex);
$| = 1;
my %count; $count{$_}++ for map { length } ("the quick brown fox " x 1000) =~ /(\w+)/g;
print join(",", map { "$_=$count{$_}" } sort keys %count), "\n";
(my $text = "2024-01-02 and 2025-11-12") =~ s/(\d+)-(\d+)-(\d+)/$3.$2.$1/g; print "$text\n";
print join("|", "a1b22c333" =~ /([a-z])(?=(\d+))/g), "\n";
my @kids;
for my $i (1 .. 5) { my $pid = fork // die; if (!$pid) { sleep 0.01 * $i; exit $i } push @kids, $pid }
print join(",", map { waitpid($_, 0); $? >> 8 } @kids), "\n";
open(my $out, "|-", "sort -n | head -3") or die; print $out "$_\n" for reverse 1 .. 1000; close $out; print "closed $?\n";
open(my $in, "-|", "seq", "1", "2000") or die; my $sum = 0; $sum += $_ while <$in>; close $in; print "sum $sum\n";
my $pid = open(my $child, "-|") // die; if (!$pid) { print "from the child\n"; exit 0 } print <$child>; close $child;
print `echo backticks; exit 4`, $? >> 8, "\n"; system("kill -TERM \$\$"); print "signal ", $? & 127, "\n";
my $open3 = open3(my $w, my $r, undef, "cat"); print $w "open3\n"; close $w; print <$r>; waitpid $open3, 0;
my $alarms = 0; { local $SIG{ALRM} = sub { $alarms++; die "alarm\n" }; alarm 0.1; eval { sleep 10 }; print $@; alarm 0 }
my $got = ""; $SIG{USR1} = sub { $got .= "u" }; kill USR1 => $$ for 1 .. 3; print "got $got\n";
my $reaped = 0; { local $SIG{CHLD} = sub { $reaped++ while waitpid(-1, WNOHANG) > 0 }; for (1 .. 4) { exit 0 if !fork } my $end = time + 20; sleep 0.02 while $reaped < 4 && time < $end } print "reaped $reaped\n";
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", ReuseAddr => 1) or die;
if (!($pid = fork)) { for (1 .. 10) { my $c = $server->accept; while (my $line = <$c>) { print $c uc $line } close $c } exit 0 }
my $right = 0;
for my $i (1 .. 10) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server->sockport) or die; print $c "hello $i\n"; shutdown $c, 1; $right++ if <$c> eq "HELLO $i\n" }
waitpid $pid, 0; print "answers $right $?\n";
socketpair(my $left, my $right_end, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die; syswrite $left, "pair"; sysread $right_end, my $buffer, 10; print "$buffer ", scalar(my @r = IO::Select->new($right_end)->can_read(0.02)), "\n";
mkdir "d"; for (1 .. 30) { open my $f, ">", "d/$_" or die; print $f "x" x $_ } my $size = 0; find(sub { $size += -s if -f }, "d"); print "size $size\n";
copy("d/30", "copy"); rename "copy", "moved"; print -s "moved", " ", -e "copy" ? 1 : 0, " ", join(",", sort { $a <=> $b } map { s|d/||r } glob "d/1?"), "\n";
open my $lock, ">", "lock"; flock $lock, LOCK_EX; if (!($pid = fork)) { open my $l, ">", "lock"; exit(flock($l, LOCK_EX | LOCK_NB) ? 1 : 2) } waitpid $pid, 0; print "lock ", $? >> 8, "\n";
print sha256_hex("x" x 1_000_000), " $0\n" =~ s|\S*/||r; print "time ", time > 1e9 ? 1 : 0, " ", (times)[0] >= 0, " ", join(",", (getpwuid 0)[0, 7]), "\n";
exec "/bin/echo", "replaced";
