/* A device for Bootrack in C: a complete upper tester (docs/upper-tester.md), and as much of a stack as a router solicitation.
 *
 *   cc -std=c11 -Wall -Wextra -Werror -O2 -o ut1-device device.c
 *
 * UT/1 is on standard input and output, log on standard error. The radio is the socket that BOOTRACK_RADIO names
 * (docs/emulated-boards.md has its format); the store is a file in the folder BOOTRACK_STORE. To restart, the program ends with
 * status 0 and is started again. On a board, replace read_line(), say(), send_frame(), load() and save() by those of its UART,
 * radio and flash; nothing else knows that there is an operating system.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    LONGEST_LINE = 512,      /* octets of a line of UT/1 with its end */
    LONGEST_BODY = 1536,     /* of a message of the radio link */
    HEADER = 12,             /* octets before that body */
    SOLICITATIONS = 3,       /* MAX_RTR_SOLICITATIONS of RFC 6775 section 9 */
    SOLICITATION_MS = 10000, /* RTR_SOLICITATION_INTERVAL */
};

/* What outlives the power. */
struct store {
    uint32_t magic;
    bool has_anchor, is_installed, joins_at_boot;
    uint8_t psk[16];
    uint16_t pan_id;
    uint8_t channel;
};
static const uint32_t MAGIC = 0x55543102;

static struct store store;
static uint8_t eui64[8];
static bool running;
static int radio = -1;
static uint8_t sequence;
static uint32_t handle, sent, received, no_ack, busy_channel;
static int solicitations;
static uint64_t next_solicitation, booted_at;

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- The store: written whole to a new file, which then takes the place of the old one. */

static void store_path(char *path, size_t size, const char *suffix) {
    const char *folder = getenv("BOOTRACK_STORE");
    snprintf(path, size, "%s/store%s", folder ? folder : ".", suffix);
}

static void load(void) {
    char path[4096];
    store_path(path, sizeof path, "");
    FILE *file = fopen(path, "rb");
    bool is_whole = file && fread(&store, sizeof store, 1, file) == 1 && store.magic == MAGIC;
    if (file)
        fclose(file);
    if (!is_whole)
        store = (struct store){.magic = MAGIC};
}

static void save(void) {
    char path[4096], new_path[4096];
    store_path(path, sizeof path, "");
    store_path(new_path, sizeof new_path, ".new");
    FILE *file = fopen(new_path, "wb");
    if (!file || fwrite(&store, sizeof store, 1, file) != 1 || fflush(file) || fsync(fileno(file)) || fclose(file))
        die(new_path);
    if (rename(new_path, path))
        die(path);
}

/* ---- UT/1 */

static void say(const char *format, ...) {
    char line[LONGEST_LINE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    puts(line);
    fflush(stdout);
}

static const char *state(void) {
    if (!store.has_anchor)
        return "factory";
    return store.is_installed ? "installed" : "manufactured";
}

static int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static bool hex(const char *text, uint8_t *octets, size_t length) {
    if (!text || strlen(text) != 2 * length)
        return false;
    for (size_t at = 0; at < length; at++) {
        int high = hex_digit(text[2 * at]), low = hex_digit(text[2 * at + 1]);
        if (high < 0 || low < 0)
            return false;
        octets[at] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* A number without sign, leading zeros or blanks; base 10, or 16 behind 0x. */
static bool number(const char *text, uint64_t most, uint64_t *value) {
    if (!text || text[0] < '0' || text[0] > '9' || (text[0] == '0' && text[1] >= '0' && text[1] <= '9'))
        return false;
    char *end;
    errno = 0;
    *value = strtoull(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
    return !errno && !*end && *value <= most;
}

/* The words of a request: key=value, each key once. */
struct arguments {
    int count;
    char *keys[16], *values[16];
    bool is_used[16];
};

static const char *argument(struct arguments *all, const char *key) {
    for (int at = 0; at < all->count; at++)
        if (!strcmp(all->keys[at], key)) {
            all->is_used[at] = true;
            return all->values[at];
        }
    return NULL;
}

static bool all_used(const struct arguments *all) {
    for (int at = 0; at < all->count; at++)
        if (!all->is_used[at])
            return false;
    return true;
}

static bool parse_arguments(char *words, struct arguments *all) {
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        char *equals = strchr(word, '=');
        if (!equals || equals == word || !equals[1] || all->count == 16)
            return false;
        *equals = 0;
        for (int at = 0; at < all->count; at++)
            if (!strcmp(all->keys[at], word))
                return false;
        all->keys[all->count] = word;
        all->values[all->count++] = equals + 1;
    }
    return true;
}

static void start_stack(void) {
    running = true;
    solicitations = SOLICITATIONS;
    next_solicitation = now_ms();
}

/* NULL: done, and `answer` may have got words. Otherwise the code of the refusal. */
static const char *manufacture(struct arguments *all) {
    const char *anchor = argument(all, "anchor");
    uint8_t psk[16];
    if (!anchor)
        return "argument";
    if (strcmp(anchor, "psk"))
        return "unsupported";
    if (!hex(argument(all, "psk"), psk, sizeof psk) || !all_used(all))
        return "argument";
    if (store.has_anchor)
        return "state";
    memcpy(store.psk, psk, sizeof psk);
    store.has_anchor = true;
    save();
    return NULL;
}

static const char *install(struct arguments *all) {
    uint64_t channel, pan_id;
    const char *role = argument(all, "role"), *trigger = argument(all, "trigger");
    if (!role || !number(argument(all, "channel"), 26, &channel) || channel < 11 ||
        !number(argument(all, "pan_id"), 0xfffe, &pan_id) || !argument(all, "ct"))
        return "argument";
    if (trigger && strcmp(trigger, "boot") && strcmp(trigger, "selection"))
        return "argument";
    argument(all, "parent");
    if (!all_used(all))
        return "argument";
    if (strcmp(role, "6lr"))
        return "unsupported";
    if (running || !store.has_anchor)
        return "state";
    store.channel = (uint8_t)channel;
    store.pan_id = (uint16_t)pan_id;
    store.joins_at_boot = !trigger || !strcmp(trigger, "boot");
    store.is_installed = true;
    save();
    return NULL;
}

static void link_local(uint8_t address[16]) {
    memset(address, 0, 16);
    address[0] = 0xfe;
    address[1] = 0x80;
    memcpy(address + 8, eui64, 8);
    address[8] ^= 2;
}

/* Answers a request; whether the device has to restart then. */
static bool request(const char *seq, char *command, struct arguments *all) {
    const char *refused = NULL;
    char hexed[17];
    for (int at = 0; at < 8; at++)
        snprintf(hexed + 2 * at, 3, "%02x", eui64[at]);
    if (!strcmp(command, "hello")) {
        const char *nonce = argument(all, "nonce");
        size_t digits = nonce ? strspn(nonce, "0123456789abcdefABCDEF") : 0;
        if (!nonce || nonce[digits] || digits > 64 || digits % 2 || !all_used(all)) {
            refused = "argument";
        } else {
            say("< %s ok nonce=%s protocol=UT/1 vendor=example firmware=ut1-device version=1 hash=- eui64=%s roles=6lr "
                "features=psk state=%s",
                seq, nonce, hexed, state());
            return false;
        }
    } else if (!strcmp(command, "manufacture")) {
        refused = manufacture(all);
    } else if (!strcmp(command, "install")) {
        refused = install(all);
    } else if (!all_used(all)) {
        refused = "argument";
    } else if (!strcmp(command, "start")) {
        if (!store.is_installed || running)
            refused = "state";
        else
            start_stack();
    } else if (!strcmp(command, "status")) {
        uint8_t own[16];
        link_local(own);
        say("< %s ok state=%s secured=0 all_secured=0 key_index=- level=- close_seq=- jsr_sent=0 neighbours=0 secured_links=0 "
            "image=1 application_s=0 link_local=fe80::%x:%x:%x:%x global=-",
            seq, state(), own[8] << 8 | own[9], own[10] << 8 | own[11], own[12] << 8 | own[13], own[14] << 8 | own[15]);
        return false;
    } else if (!strcmp(command, "counters")) {
        say("< %s ok no_ack=%" PRIu32 " channel_busy=%" PRIu32 " sent=%" PRIu32 " received=%" PRIu32, seq, no_ack,
            busy_channel, sent, received);
        return false;
    } else if (!strcmp(command, "reset")) {
        say("< %s ok", seq);
        return true;
    } else if (!strcmp(command, "factory_reset")) {
        store = (struct store){.magic = MAGIC};
        save();
        say("< %s ok", seq);
        return true;
    } else if (strcmp(command, "ping")) {
        say("< %s unimplemented", seq);
        return false;
    }
    if (refused)
        say("< %s error code=%s", seq, refused);
    else
        say("< %s ok", seq);
    return false;
}

/* A line of the tester; whether the device has to restart. */
static bool line(char *text) {
    if (strncmp(text, "> ", 2))
        return false;
    char *seq = text + 2, *command = strchr(seq, ' ');
    if (command)
        *command++ = 0;
    uint64_t value;
    if (strlen(seq) == 0 || seq[strspn(seq, "0123456789")] || !number(seq, UINT32_MAX, &value))
        return false;
    char *words = command ? strchr(command, ' ') : NULL;
    if (words)
        *words++ = 0;
    struct arguments all = {0};
    if (!command || !*command) {
        say("< %s error code=argument", seq);
        return false;
    }
    /* What it does not know is unimplemented, whatever its words are. */
    if (words && !parse_arguments(words, &all)) {
        say("< %s error code=argument", seq);
        return false;
    }
    static const char *const KNOWN[] = {"hello",    "manufacture", "install", "start",        "status",
                                        "counters", "reset",       "ping",    "factory_reset"};
    for (size_t at = 0; at < sizeof KNOWN / sizeof *KNOWN; at++)
        if (!strcmp(command, KNOWN[at]))
            return request(seq, command, &all);
    say("< %s unimplemented", seq);
    return false;
}

/* ---- The radio link */

static uint16_t fcs(const uint8_t *octets, size_t length) {
    uint16_t crc = 0;
    for (size_t at = 0; at < length; at++) {
        crc ^= octets[at];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0x8408) : (uint16_t)(crc >> 1);
    }
    return crc;
}

static void tell(uint8_t kind, const uint8_t *body, size_t length) {
    uint8_t message[HEADER + LONGEST_BODY + 2] = {0xb7, kind, (uint8_t)(length >> 8), (uint8_t)length};
    uint64_t at = (now_ms() - booted_at) * 1000;
    for (int octet = 0; octet < 8; octet++)
        message[4 + octet] = (uint8_t)(at >> (56 - 8 * octet));
    if (length)
        memcpy(message + HEADER, body, length);
    uint16_t check = fcs(message, HEADER + length);
    message[HEADER + length] = (uint8_t)check;
    message[HEADER + length + 1] = (uint8_t)(check >> 8);
    if (radio >= 0 && write(radio, message, HEADER + length + 2) != (ssize_t)(HEADER + length + 2))
        die("radio");
}

static void send_frame(const uint8_t *psdu, size_t length) {
    uint8_t body[4 + 127];
    handle++;
    for (int octet = 0; octet < 4; octet++)
        body[octet] = (uint8_t)(handle >> (24 - 8 * octet));
    memcpy(body + 4, psdu, length);
    tell(6, body, 4 + length);
    sent++;
}

static void receiver_on(void) {
    uint8_t body[12] = {store.channel, (uint8_t)(store.pan_id >> 8), (uint8_t)store.pan_id};
    memcpy(body + 3, eui64, 8);
    body[11] = 1;
    tell(5, body, sizeof body);
}

/* A router solicitation (RFC 4861 section 4.1) with the source's link-layer address, compressed by IPHC (RFC 6282), in a data
 * frame of IEEE 802.15.4-2006 to everybody. */
static void solicit(void) {
    uint8_t frame[127], source[16], sum[16 + 16 + 8 + 24] = {0};
    size_t length = 0;
    const uint8_t header[] = {0x41, 0xc8, sequence++, (uint8_t)store.pan_id, (uint8_t)(store.pan_id >> 8), 0xff, 0xff};
    memcpy(frame, header, sizeof header);
    length = sizeof header;
    for (int at = 7; at >= 0; at--)
        frame[length++] = eui64[at];
    const uint8_t iphc[] = {0x7b, 0x3b, 58, 0x02};
    memcpy(frame + length, iphc, sizeof iphc);
    length += sizeof iphc;
    uint8_t *message = frame + length;
    memset(message, 0, 24);
    message[0] = 133;
    message[8] = 1;
    message[9] = 2;
    memcpy(message + 10, eui64, 8);
    /* The pseudo-header: source, ff02::2, length, next header. */
    link_local(source);
    memcpy(sum, source, 16);
    sum[16] = 0xff;
    sum[17] = 0x02;
    sum[31] = 0x02;
    sum[35] = 24;
    sum[39] = 58;
    memcpy(sum + 40, message, 24);
    uint32_t total = 0;
    for (size_t at = 0; at < sizeof sum; at += 2)
        total += (uint32_t)(sum[at] << 8 | sum[at + 1]);
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    message[2] = (uint8_t)(~total >> 8);
    message[3] = (uint8_t)~total;
    send_frame(frame, length + 24);
}

/* Octets of the radio link; messages may come in pieces. */
static void hear(void) {
    static uint8_t buffer[HEADER + LONGEST_BODY + 2];
    static size_t filled;
    ssize_t length = read(radio, buffer + filled, sizeof buffer - filled);
    if (length <= 0)
        die("radio");
    filled += (size_t)length;
    while (filled > 0) {
        size_t body = filled >= 4 ? (size_t)(buffer[2] << 8 | buffer[3]) : 0;
        size_t whole = HEADER + body + 2;
        if (buffer[0] == 0xb7 && body <= LONGEST_BODY && (filled < 4 || filled < whole))
            return;
        bool is_right = buffer[0] == 0xb7 && body <= LONGEST_BODY &&
                        fcs(buffer, whole - 2) == (buffer[whole - 2] | buffer[whole - 1] << 8);
        if (is_right && buffer[1] == 1)
            received++;
        if (is_right && buffer[1] == 2 && body == 5) {
            no_ack += buffer[HEADER + 4] == 1;
            busy_channel += buffer[HEADER + 4] == 2;
        }
        size_t gone = is_right ? whole : 1;
        memmove(buffer, buffer + gone, filled - gone);
        filled -= gone;
    }
}

static void connect_radio(void) {
    const char *path = getenv("BOOTRACK_RADIO");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path)
        return;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    radio = socket(AF_UNIX, SOCK_STREAM, 0);
    if (radio < 0 || connect(radio, (struct sockaddr *)&address, sizeof address))
        die(path);
    tell(4, NULL, 0);
}

/* ---- The loop */

/* Octets of standard input, line by line; whether the device has to restart. */
static bool read_line(void) {
    static char text[LONGEST_LINE + 1];
    static size_t filled;
    static bool is_too_long;
    char octets[256];
    ssize_t length = read(STDIN_FILENO, octets, sizeof octets);
    if (length <= 0)
        exit(1);
    for (ssize_t at = 0; at < length; at++) {
        if (octets[at] != '\n') {
            is_too_long |= filled == LONGEST_LINE - 1;
            if (!is_too_long)
                text[filled++] = octets[at];
            continue;
        }
        if (filled > 0 && text[filled - 1] == '\r')
            filled--;
        text[filled] = 0;
        bool restarts = !is_too_long && line(text);
        filled = 0;
        is_too_long = false;
        if (restarts)
            return true;
    }
    return false;
}

int main(void) {
    if (!hex(getenv("BOOTRACK_EUI64"), eui64, sizeof eui64)) {
        fprintf(stderr, "BOOTRACK_EUI64 must be 16 hex digits\n");
        return 1;
    }
    booted_at = now_ms();
    load();
    connect_radio();
    say("! booted t=0 state=%s", state());
    if (store.is_installed)
        start_stack();
    bool is_on = false;
    for (;;) {
        if (running && !is_on) {
            receiver_on();
            is_on = true;
        }
        int wait = -1;
        if (running && solicitations > 0) {
            uint64_t now = now_ms();
            if (now >= next_solicitation) {
                solicit();
                solicitations--;
                next_solicitation = now + SOLICITATION_MS;
            }
            wait = (int)(next_solicitation - now);
        }
        struct pollfd lines[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = radio, .events = POLLIN}};
        if (poll(lines, radio >= 0 ? 2 : 1, wait) < 0 && errno != EINTR)
            die("poll");
        if (lines[0].revents && read_line())
            return 0;
        if (radio >= 0 && lines[1].revents)
            hear();
    }
}
