// main() of the enclave's hosted layer: runs what the core hands over, one function at a time.
//
// Side: trusted, hosted

extern "C" void scone_hosted_next(void (**function)(void*), void** argument);

int main() {
    for (;;) {
        void (*function)(void*);
        void* argument;
        scone_hosted_next(&function, &argument);
        function(argument);
    }
}
